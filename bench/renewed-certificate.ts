import { randomUUID } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { openTestAuthority, type TestAuthority } from '../src/certificate-bundle/testing-authority.ts'
import { debianPackages } from '../test/machine/debian-packages.ts'
import { ended, type Server } from './lazuli.ts'
import { type Machine, machineVersion } from './machine.ts'
import { distribution, measured, note } from './report.ts'

const rounds = 20
const limitS = 30
/** After each renewal: what follows it on the machine, such as the check that its port serves it, is over then. */
const restMs = 1_000

const vaultName = 'benchweb'
const host = 'web.example.test'
const store = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store'
const link = `${store}/${vaultName}.web`

const roles = {
  administrator: '00482a5a-887f-4fb3-b363-3b7fe8e74483',
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6',
}

/** From the request that gives a vault a new certificate until openssl s_client sees it at the nginx of a machine. */
export async function renewedCertificate(server: Server, machine: Machine): Promise<void> {
  const { client } = server
  const { inside, path, upper } = machine
  const authority = openTestAuthority()
  try {
    const vault = await openVault(server, path.replace(/\/providers\/.*/, ''), machine.principalId)
    await vault.store(issue(authority).value)
    await installNginx(inside)
    const answer = await client.send('PUT', `${path}/extensions/keyvault?${machineVersion}`, extension)
    await ended(client, answer)
    inside('systemctl start nginx')

    const runs: Steps[] = []
    for (let round = 0; round < rounds; round++) {
      runs.push(await renew())
      await pause(restMs)
    }
    const times = (step: keyof Steps) => runs.map(run => run[step])
    distribution('import sent → openssl s_client sees the new one', times('seen'), 'ms', { atMost: 1_000 })
    note('Of these, counted from the request:')
    distribution('  answered: the vault has it', times('answered'), 'ms')
    distribution('  the machine has it in a file', times('written'), 'ms')
    distribution('  the link leads to it', times('linked'), 'ms')
    const { residentMiB } = machine.unit('akvvm_service')
    measured('resident memory of the service that keeps this one', [residentMiB], 'MiB')

    async function renew(): Promise<Steps> {
      const { serial, value } = issue(authority)
      const watching = machine.start(untilServed(serial))
      const from = performance.timeOrigin + performance.now()
      const stored = await vault.store(value)
      const answered = performance.timeOrigin + performance.now() - from
      const seen = Number(await watching) - from
      return {
        answered,
        seen,
        written: lstatSync(join(upper, `${link}.${stored}`)).mtimeMs - from,
        linked: lstatSync(join(upper, link)).ctimeMs - from,
      }
    }
  } finally {
    authority.close()
  }
}

/** Asks with OpenSSL's client again and again; prints when it was shown the new certificate, in milliseconds since 1970. */
const untilServed = (serial: string) => `
  end=$(($(date +%s) + ${limitS}))
  until echo | openssl s_client -connect localhost:443 -servername ${host} 2>/dev/null |
    openssl x509 -noout -serial 2>/dev/null | grep -qx serial=${serial}
  do [ "$(date +%s)" -lt "$end" ] || { tail -n 5 /var/log/azure/Microsoft.Azure.KeyVault.KeyVaultForLinux/*.log >&2; exit 1; }
  done
  date +%s%3N`

/** Each in milliseconds since the request. */
type Steps = Readonly<Record<'answered' | 'written' | 'linked' | 'seen', number>>

const extension = {
  location: 'westeurope',
  properties: {
    publisher: 'Microsoft.Azure.KeyVault',
    type: 'KeyVaultForLinux',
    typeHandlerVersion: '3.0',
    settings: {
      secretsManagementSettings: {
        // Polling would not be in time: what comes within a second was pushed.
        pollingIntervalInS: '3600',
        requireInitialSync: true,
        observedCertificates: [
          {
            url: `https://${vaultName}.vault.azure.net/secrets/web`,
            afterRenewal: { reload: 'nginx.service' },
            verify: { host: 'localhost', port: 443 },
          },
        ],
      },
    },
  },
}

function issue(authority: TestAuthority): { serial: string; value: string } {
  const serial = authority.issue('web', { kind: 'ec', host })
  return { serial, value: authority.read('web.crt') + authority.read('intermediate.crt') + authority.read('web.key') }
}

/** A vault that goes by roles, which the machine may read secrets of. */
async function openVault(server: Server, group: string, principalId: string) {
  const { client, installation, url } = server
  const { subscriptionId, tenantId } = installation.administrator
  const vault = `${group}/providers/Microsoft.KeyVault/vaults/${vaultName}`
  await client.ask('PUT', `${vault}?api-version=2023-07-01`, {
    location: 'westeurope',
    properties: { tenantId, sku: { family: 'A', name: 'standard' }, enableRbacAuthorization: true },
  })
  const token = await server.token('https://vault.azure.net')
  const { oid } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const assign = (role: string, to: string) =>
    client.ask(
      'PUT',
      `${vault}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=2022-04-01`,
      {
        properties: {
          principalId: to,
          roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
        },
      },
    )
  await assign(roles.administrator, oid)
  await assign(roles.secretsUser, principalId)

  const { port } = new URL(url)
  const headers = {
    host: `${vaultName}.vault.lazuli.localhost:${port}`,
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
  }
  return {
    /** Imports a certificate with its key. Returns its version. */
    async store(value: string): Promise<string> {
      const policy = { secret_props: { contentType: 'application/x-pem-file' } }
      const sent = request({
        ...{ host: '127.0.0.1', port, servername: 'localhost', ca: installation.caPem, headers },
        ...{ method: 'POST', path: '/certificates/web/import?api-version=7.4' },
      })
      const answer = new Promise<unknown>((resolve, reject) => {
        sent.on('error', reject)
        sent.on('response', response => json(response).then(resolve, reject))
      })
      sent.end(JSON.stringify({ value, policy }))
      const body = (await answer) as { sid?: string }
      if (!body.sid) throw new Error(`The vault does not take the certificate: ${JSON.stringify(body)}`)
      return body.sid.split('/').at(-1) ?? ''
    },
  }
}

/** Debian's, which is started when its certificate is there. */
async function installNginx(inside: Machine['inside']): Promise<void> {
  for (const [file, content] of await debianPackages(['nginx', 'nginx-common'])) inside(`cat > /tmp/${file}`, content)
  const site = `server { listen 443 ssl; ssl_certificate ${link}; ssl_certificate_key ${link}; }`
  inside('mkdir -p /etc/nginx/conf.d && cat > /etc/nginx/conf.d/web.conf', site)
  inside(
    [
      "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d",
      'DEBIAN_FRONTEND=noninteractive dpkg -i /tmp/nginx*.deb',
      'rm /etc/nginx/sites-enabled/default',
    ].join(' && '),
  )
}
