/** Hours of trouble on a real machine, whose Key Vault extension has a clock that runs fast; and a clock that jumps. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import '../deadline.ts'
import { openTestAuthority } from '../../src/certificate-bundle/testing-authority.ts'
import { ended } from './extension-rig.ts'
import {
  giveClock,
  giveVaultsBack,
  hoursOfTrouble,
  jump,
  linkOf,
  requestsTo,
  retryAfterSec,
  status,
  type Trouble,
  takeVaultsAway,
  troubleSec,
  troubles,
} from './key-vault-hours.ts'
import { openKeyVaultRig, selfSigned } from './key-vault-rig.ts'
import { limits } from './rig.ts'

const hourMs = 3_600_000
const pem = 'application/x-pem-file'
/** Where the host is busy, an answer may come after what is half a minute by the service's clock. */
const tooLate = /nothing was said|aborted/

test('with its vaults in trouble for hours, or its clock set, a machine keeps its certificates', limits, async t => {
  const authority = openTestAuthority()
  t.after(authority.close)
  const { lazuli, vm, sh, install, put } = await openKeyVaultRig(t, troubles)
  const putAll = (endsInMs: number) =>
    Promise.all(troubles.map(async vault => put(vault, await selfSigned(`${vault}.example.test`, endsInMs), pem)))
  const enable = async (more: object) => {
    const observedCertificates = troubles.map(vault => ({ url: `https://${vault}.vault.azure.net/secrets/web` }))
    const secretsManagementSettings = { observedCertificates, requireInitialSync: true, ...more }
    const type = { publisher: 'Microsoft.Azure.KeyVault', type: 'KeyVaultForLinux', typeHandlerVersion: '3.0' }
    const body = { location: 'westeurope', properties: { ...type, settings: { secretsManagementSettings } } }
    const answer = await lazuli.arm('PUT', `${vm.id}/extensions/KeyVaultForLinux?api-version=2024-07-01`, { body })
    assert.equal((await ended(lazuli, answer)).status, 'Succeeded')
  }

  await install('nginx', 'nginx-common', 'libfaketime')
  authority.issue('vaults', { host: '*.vault.azure.net' })
  const chain = authority.read('vaults.crt') + authority.read('intermediate.crt')
  await sh('cat > /tmp/vaults.pem', chain + authority.read('vaults.key'))
  await sh('cat > /tmp/root.pem', authority.read('root.crt'))
  await sh('cat > /tmp/forged.pem', await selfSigned('forged.vault.azure.net', 24 * hourMs))
  // Their end is within the hours that follow.
  const before = await putAll(2 * hourMs)
  await enable({})

  await t.test('it asks seldom, not before it may, and says what is wrong', async () => {
    await sh(takeVaultsAway)
    const troubled = sh(hoursOfTrouble)
    const renewed = await putAll(24 * hourMs)
    const log = parseLog(await troubled)
    const { substatus } = JSON.parse(await sh(status))[0].status
    const said = (vault: Trouble) => {
      const { status, formattedMessage } = substatus.find(({ name }: { name: string }) => name === `${vault}.web`)
      assert.equal(status, 'error')
      return String(formattedMessage.message)
    }
    const expected = { throttled: /429/, failing: /503/, forged: /self-signed/, nameless: /EAI_AGAIN|ENOTFOUND/ }
    for (const [at, vault] of troubles.entries()) {
      const { begun, failures } = log(vault)
      const lasted = (begun.at(-1) ?? 0) - (begun[0] ?? 0)
      assert.ok(lasted > troubleSec - retryAfterSec - 60, `${vault}: ${lasted} s`)
      const clear = failures.filter(({ text }) => !tooLate.test(text))
      for (const { text } of clear) assert.match(text, expected[vault])
      assert.match(
        said(vault),
        new RegExp(`(${expected[vault].source}|${tooLate.source}).*\\. Version ${before[at]}, which ended`),
      )
      // Five seconds at first, three minutes less a tenth in the end.
      assert.ok(begun.length <= 12 + troubleSec / 162, `${vault} was asked ${begun.length} times`)
      t.diagnostic(`${vault}: asked ${begun.length} times in ${lasted} s; ${clear.length} clear answers`)
      if (vault === 'throttled') {
        for (const { at } of clear) {
          // From when that was asked: the busy host may take its time before it says what came of it.
          const asked = begun.findLast(time => time <= at) ?? Number.NaN
          const next = begun.find(time => time > at) ?? Number.POSITIVE_INFINITY
          assert.ok(next - asked >= retryAfterSec - 1, `asked again ${next - asked} s after what was answered with 429`)
        }
      }
      if (vault === 'throttled' || vault === 'failing')
        assert.ok(Number(await sh(requestsTo(vault))) <= begun.length, 'more was asked than is in the log')
    }
    await sh(giveVaultsBack(renewed))
  })

  await t.test('when its clock is set a day ahead, and back, it asks for everything again', async () => {
    await sh(`${giveClock('+0', { monotonic: 'real' })} systemctl restart akvvm_service; systemctl start lazuli-agent`)
    await enable({ pollingIntervalInS: '2' })
    const jumped = /^.{19}: <warning> \[Global\] The clock has jumped; everything is asked for again\.$/
    for (const clock of ['+1d', '+0']) {
      const versions = putAll(24 * hourMs)
      assert.match(await sh(jump(clock, await versions)), jumped)
    }
    for (const vault of troubles) assert.match(await sh(`cat ${linkOf(vault)}`), /BEGIN PRIVATE KEY/)
  })
})

type Asked = { readonly begun: number[]; readonly failures: { readonly at: number; readonly text: string }[] }

/** When each vault was asked, in seconds, and what came of it. */
function parseLog(text: string): (vault: Trouble) => Asked {
  const lines = text.split('\n').map(line => ({ at: Date.parse(`${line.slice(0, 19)}Z`) / 1000, line }))
  return vault => {
    const url = `https://${vault}.vault.azure.net/secrets/web`
    return {
      begun: lines.filter(({ line }) => line.endsWith(`Beginning refresh for: ${url}`)).map(({ at }) => at),
      failures: lines.flatMap(({ at, line }) => {
        const [, failure] = line.split(`Refreshing '${url}' failed with exception: `)
        return failure === undefined ? [] : [{ at, text: failure }]
      }),
    }
  }
}
