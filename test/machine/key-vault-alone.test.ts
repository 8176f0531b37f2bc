/**
 * The Key Vault extension as a package by itself, that carries its own Node: in machines of Azure and of Arc it is
 * unpacked and called by their agents. Here a shell does what they do, in a machine whose own agent has gone.
 */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import '../deadline.ts'
import { openTestAuthority } from '../../src/certificate-bundle/testing-authority.ts'
import { arcService, called, handler, handlerEnvironment, handlerName, places, store } from './key-vault-alone.ts'
import { openKeyVaultRig, selfSigned } from './key-vault-rig.ts'
import { limits } from './rig.ts'
import { standalonePackage } from './waagent-rig.ts'

const pem = 'application/x-pem-file'
const pkcs12 = 'application/x-pkcs12'
const log = `/var/log/azure/${handlerName}/akvvm_service_*.log`
const arcEndpoint = 'http://localhost:40342/metadata/identity'

test('the package by itself keeps certificates where there is another agent than Lazuli’s', limits, async t => {
  const archive = standalonePackage('key-vault')
  const authority = openTestAuthority()
  t.after(authority.close)
  const { sh, install, put } = await openKeyVaultRig(t, ['inPem', 'inPfx'])
  await install('unzip')
  await sh('systemctl disable --quiet --now lazuli-agent; rm -rf /var/lib/waagent /var/lib/lazuli /run/lazuli')
  await sh(`mkdir -p ${handler}; cat > /tmp/package.b64`, (await readFile(await archive)).toString('base64'))
  await sh(`base64 -d /tmp/package.b64 > /tmp/package.zip; unzip -q /tmp/package.zip -d ${handler}; rm /tmp/package.*`)
  await sh(`mkdir ${handler}/config ${handler}/status; cat > ${handler}/HandlerEnvironment.json`, handlerEnvironment)
  const before = (await sh(places)).split('\n')

  const url = (vault: string) => `https://${vault}.vault.azure.net/secrets/web`
  const enable = async (sequence: number, more: object) => {
    const observedCertificates = ['inPem', 'inPfx'].map(vault => ({ url: url(vault) }))
    const management = { pollingIntervalInS: '1', requireInitialSync: true, observedCertificates }
    const publicSettings = { secretsManagementSettings: management, ...more }
    const settings = { runtimeSettings: [{ handlerSettings: { publicSettings, protectedSettings: null } }] }
    await sh(`cat > ${handler}/config/${sequence}.settings`, JSON.stringify(settings))
    await sh(called('enable', sequence))
    const path = `${handler}/status/${sequence}.status`
    const text = await sh(`while grep -q transitioning ${path} && [ $SECONDS -lt 60 ]; do sleep 0.1; done; cat ${path}`)
    return JSON.parse(text)[0].status
  }
  /** By the link's name: what follows it, and what it leads to. */
  const installed = (vault: string) => sh(`readlink ${store}/${vault}.web; cat ${store}/${vault}.web`)
  const follows = async (vault: string, version: string) => {
    const isThere = `[ $(readlink ${store}/${vault}.web) = ${vault}.web.${version} ]`
    await sh(
      `until ${isThere} || [ $SECONDS -gt 60 ]; do sleep 0.1; done; ${isThere} || { journalctl -u arc; tail -n 9 ${log}; false; }`,
    )
    return installed(vault)
  }
  const inPfx = () => {
    authority.issue('web', { kind: 'ec' })
    authority.write('chain.pem', authority.read('root.crt') + authority.read('intermediate.crt'))
    const files = ['-in', 'web.crt', '-inkey', 'web.key', '-certfile', 'chain.pem']
    const value = authority.openssl('pkcs12', '-export', ...files, '-passout', 'pass:').toString('base64')
    const blocks = ['web.crt', 'intermediate.crt', 'root.crt'].map(file => authority.read(file))
    const key = authority.openssl('pkcs8', '-topk8', '-nocrypt', '-in', 'web.key').toString()
    return { value, expected: blocks.join('') + key }
  }

  await t.test('installed and enabled, it has them by the machine’s identity, from PEM and PFX', async () => {
    const [value, pfx] = [await selfSigned('web.example.test', 86_400_000), inPfx()]
    const versions = [await put('inPem', value, pem), await put('inPfx', pfx.value, pkcs12)]
    await sh(called('install', 0))
    const status = await enable(0, {})
    assert.equal(status.status, 'success', JSON.stringify(status))
    assert.match(status.formattedMessage.message, /^Successfully started Key Vault extension service\. [\d:TZ-]+$/)
    assert.deepEqual(
      status.substatus.map((one: { name: string; status: string }) => [one.name, one.status]),
      [
        ['inPem.web', 'success'],
        ['inPfx.web', 'success'],
      ],
    )
    assert.equal(await installed('inPem'), `inPem.web.${versions[0]}\n${value.trim()}`)
    assert.equal(await installed('inPfx'), `inPfx.web.${versions[1]}\n${pfx.expected.trim()}`)
    assert.equal(await sh(`stat -c '%a %U:%G' ${store}/*.web.*`), '600 root:root\n600 root:root')
    const unit =
      'systemctl is-active akvvm_service; systemctl is-enabled akvvm_service; readlink /proc/$(systemctl show -P MainPID akvvm_service)/exe'
    assert.equal(await sh(unit), `active\nenabled\n${handler}/bin/key-vault.exe`)
    assert.match(await sh(`cat ${log}`), new RegExp(`inPem\\.web\\.${versions[0]}`))
  })

  await t.test('what is renewed is there after the next poll, and disabled, it asks no more', async () => {
    const pfx = inPfx()
    const version = await put('inPfx', pfx.value, pkcs12)
    assert.equal(await follows('inPfx', version), `inPfx.web.${version}\n${pfx.expected.trim()}`)
    await sh(called('disable', 0))
    assert.equal(
      await sh('systemctl is-active akvvm_service || true; systemctl is-enabled akvvm_service || true'),
      'inactive\ndisabled',
    )
    assert.equal(await sh('ps -e -o args= | grep "[k]ey-vault" || true'), '')
  })

  await t.test('on an Arc machine it shows what only root can read, and gets the same', async () => {
    await sh('cat > /tmp/arc.mjs', arcService)
    await sh('systemd-run --quiet --unit=arc /usr/lib/lazuli/node /tmp/arc.mjs')
    await sh('until journalctl -u arc | grep -q listening || [ $SECONDS -gt 60 ]; do sleep 0.1; done')
    const value = await selfSigned('arc.example.test', 86_400_000)
    const version = await put('inPem', value, pem)
    const status = await enable(1, { authenticationSettings: { msiEndpoint: arcEndpoint } })
    assert.equal(status.status, 'success', JSON.stringify(status))
    assert.equal(await follows('inPem', version), `inPem.web.${version}\n${value.trim()}`)
    assert.match(await sh('journalctl -u arc -o cat'), /^answered 200$/m)
    await sh('systemctl stop arc; rm -r /tmp/arc.mjs /var/opt/azcmagent')
  })

  await t.test('uninstalled, it leaves the certificates and nothing else', async () => {
    for (const phase of ['disable', 'uninstall']) await sh(called(phase, 1))
    assert.deepEqual(
      (await sh(places)).split('\n').filter(line => !before.includes(line)),
      [],
    )
    assert.match(await installed('inPem'), /BEGIN PRIVATE KEY/)
  })
})
