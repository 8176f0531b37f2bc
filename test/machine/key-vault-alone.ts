/** What the test of the Key Vault package by itself has in its machine. */

export const handlerName = 'Microsoft.Azure.KeyVault.KeyVaultForLinux'
export const handler = `/var/lib/waagent/${handlerName}-3.0.1`
export const store = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store'

/** What agents write beside a package that they have unpacked. */
export const handlerEnvironment = JSON.stringify([
  {
    name: handlerName,
    version: 1.0,
    handlerEnvironment: {
      logFolder: `/var/log/azure/${handlerName}`,
      configFolder: `${handler}/config`,
      statusFolder: `${handler}/status`,
      heartbeatFile: `${handler}/heartbeat.log`,
    },
  },
])

/** Calls the handler as its manifest says. */
export const called = (phase: string, sequence: number): string => `
cd ${handler}
command=$(jq -r '.[0].handlerManifest.${phase}Command' HandlerManifest.json)
ConfigSequenceNumber=${sequence} AZURE_GUEST_AGENT_EXTENSION_VERSION=3.0.1 ./$command`

/** Where a program may put something: all but what is the package's own, its certificates and logs. */
export const places = `
find /etc /usr /opt /root /home /var /run /tmp -xdev \\( -path /var/log -o -path /run/systemd -o -path /run/log -o -path '/var/lib/systemd' \\
  -o -path ${handler} -o -path ${store} -o -path /etc/systemd/system -prune \\) -prune -o -print | sort
find /etc/systemd/system /run/systemd/system | sort
ps -e -o args= | grep '[k]ey-vault' || true`

/**
 * The metadata service of an Arc machine, as far as programs see it: a caller has to show what stands in a file that only
 * root and the agent's group can read, and that is good for one answer. Tokens are those of Azure's address.
 */
export const arcService = `
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
const folder = '/var/opt/azcmagent/tokens'
mkdirSync(folder, { recursive: true, mode: 0o750 })
const keys = new Map()
createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  const isMeant = pathname === '/metadata/identity/oauth2/token' && searchParams.get('api-version') === '2020-06-01'
  if (!isMeant || request.headers.metadata !== 'true') return response.writeHead(400).end()
  const [, shown] = /^Basic (.*)$/.exec(request.headers.authorization ?? '') ?? []
  if (!keys.has(shown)) {
    const [key, path] = [randomBytes(32).toString('hex'), \`\${folder}/\${randomBytes(8).toString('hex')}.key\`]
    writeFileSync(path, key, { mode: 0o440 })
    keys.set(key, path)
    return response.writeHead(401, { 'WWW-Authenticate': \`Basic realm=\${path}\` }).end()
  }
  rmSync(keys.get(shown))
  keys.delete(shown)
  const query = new URLSearchParams({ 'api-version': '2018-02-01', resource: searchParams.get('resource') })
  const token = await fetch(\`http://169.254.169.254/metadata/identity/oauth2/token?\${query}\`, { headers: { Metadata: 'true' } })
  response.writeHead(token.status, { 'Content-Type': 'application/json' }).end(await token.text())
  console.log('answered', token.status)
}).listen(40342, '127.0.0.1', () => console.log('listening'))
`
