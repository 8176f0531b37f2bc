import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import '../deadline.ts'
import { assignReader, expect, newGroup, newIdentity, newMachine, userAssigned } from '../contract/arrange.ts'
import { claimsOf, shellInside } from '../contract/curl.ts'
import { type Lazuli, startLazuli } from '../start.ts'
import { limits } from './rig.ts'
import { newKey } from './ssh-key.ts'

const extension = 'extensions/ManagedIdentityExtensionForLinux?api-version=2024-07-01'
const body = {
  location: 'westeurope',
  properties: {
    publisher: 'Microsoft.ManagedIdentity',
    type: 'ManagedIdentityExtensionForLinux',
    typeHandlerVersion: '1.0',
    autoUpgradeMinorVersion: true,
    settings: { port: 50342 },
  },
}

/** As they are printed. */
const tutorial = {
  token: `curl http://localhost:50342/oauth2/token --data "resource=https://management.azure.com/" -H Metadata:true`,
  group: `curl https://management.azure.com/subscriptions/<SUBSCRIPTION ID>/resourceGroups/<RESOURCE GROUP>?api-version=2016-09-01 -H "Authorization: Bearer <ACCESS TOKEN>"`,
}

/** Waits until there is no work on an extension any more. */
async function settled(lazuli: Lazuli, path: string): Promise<string> {
  for (const giveUpAt = Date.now() + 300_000; Date.now() < giveUpAt; await pause(50)) {
    const { status, body } = await lazuli.arm('GET', path)
    if (status === 404) return 'Deleted'
    const { provisioningState } = body.properties
    if (provisioningState === 'Failed' || provisioningState === 'Succeeded') return provisioningState
  }
  throw new Error(`${path} is at work for more than five minutes`)
}

test('the tutorial with the endpoint of the extension goes as printed', limits, async t => {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const group = await newGroup(lazuli, 'DevTest')
  const identity = await newIdentity(lazuli, group)
  const vm = await newMachine(lazuli, group, {
    ...{ name: 'vm', sshKey: await newKey(lazuli) },
    identity: { ...userAssigned(identity), type: 'SystemAssigned, UserAssigned' },
  })
  const run = shellInside(lazuli, 'vm')
  const own = vm.identity.principalId ?? ''
  const path = `${vm.id}/${extension}`
  /** The status, and the body. */
  const ask = async (args: string) => {
    const [status, ...text] = (await run(`curl -s -w '\\n%{http_code}' ${args}`)).trim().split('\n').reverse()
    return { status: Number(status), body: JSON.parse(text.reverse().join('\n')) }
  }

  await t.test('the extension is installed and stands in the list of the machine', async () => {
    await expect(201, lazuli.arm('PUT', path, { body }))
    assert.equal(
      await settled(lazuli, path),
      'Succeeded',
      JSON.stringify((await lazuli.arm('GET', `${path}&$expand=instanceView`)).body),
    )
    const { value } = await expect(200, lazuli.arm('GET', `${vm.id}/extensions?api-version=2024-07-01`))
    assert.deepEqual(
      value.map(({ name }: { name: string }) => name),
      ['ManagedIdentityExtensionForLinux'],
    )
  })

  await t.test('a token is given, and opens the resource group once the machine has a role there', async () => {
    const { access_token, expires_in, expires_on, not_before, ...rest } = JSON.parse(await run(tutorial.token))
    assert.deepEqual(rest, { refresh_token: '', resource: 'https://management.azure.com/', token_type: 'Bearer' })
    for (const number of [expires_in, expires_on, not_before]) assert.match(number, /^\d+$/)
    assert.equal(claimsOf(access_token).oid, own)
    const words = {
      'SUBSCRIPTION ID': lazuli.env.subscriptionId,
      'RESOURCE GROUP': 'DevTest',
      'ACCESS TOKEN': access_token,
    }
    assert.equal(JSON.parse(await run(tutorial.group, words)).error.code, 'AuthorizationFailed')
    await assignReader(lazuli, group, own)
    assert.equal(
      await run(tutorial.group, words),
      `{"id":"${group}","name":"DevTest","location":"westeurope","properties":{"provisioningState":"Succeeded"}}`,
    )
  })

  await t.test('each identity is found by each of its names, over IPv4 and IPv6', async () => {
    for (const [address, selector] of [
      ['127.0.0.1', `client_id=${identity.clientId}`],
      ['[::1]', `object_id=${identity.principalId}`],
      ['localhost', `msi_res_id=${identity.id}`],
    ]) {
      const url = `http://${address}:50342/oauth2/token`
      const query = await ask(`-H Metadata:true '${url}?resource=https://vault.azure.net&${selector}'`)
      const form = await ask(`-H Metadata:true ${url} -d resource=https://vault.azure.net -d ${selector}`)
      for (const { status, body } of [query, form]) {
        assert.equal(status, 200, JSON.stringify(body))
        assert.equal(claimsOf(body.access_token).oid, identity.principalId)
      }
    }
  })

  await t.test('what is asked for otherwise gets no token', async () => {
    const url = 'http://localhost:50342/oauth2/token'
    for (const [args, status, error] of [
      [`${url} -d resource=r`, 400, 'invalid_request'],
      [`-H Metadata:true -H X-Forwarded-For:10.0.0.1 ${url} -d resource=r`, 400, 'invalid_request'],
      [`-H Metadata:true http://localhost:50342/oauth2/other -d resource=r`, 401, 'unknown_source'],
      [`-H Metadata:true ${url} -d resource=https://management.azure.com/ -d client_id=${own}`, 400, 'invalid_request'],
    ] as const) {
      const answer = await ask(args)
      assert.deepEqual([answer.status, answer.body.error], [status, error], args)
    }
  })

  await t.test('the program may do nothing but its work, and is there again when it was killed', async () => {
    const status = await run('cat /proc/$(systemctl show -P MainPID lazuli-managed-identity)/status')
    assert.match(status, /^NoNewPrivs:\s+1$/m)
    assert.match(status, /^CapBnd:\s+0+$/m)
    assert.match(status, /^Seccomp:\s+2$/m)
    assert.notEqual(/^Uid:\s+(\d+)/m.exec(status)?.[1], '0')
    await run('sudo systemctl kill --signal=KILL lazuli-managed-identity')
    assert.equal(claimsOf(JSON.parse(await run(tutorial.token)).access_token).oid, own)
    // Nobody can take its place in the meantime: it is not the program that listens.
    assert.match(await run('sudo ss -Hltnp "sport = :50342"'), /127\.0\.0\.1:50342.*"systemd",pid=1,/)
  })

  await t.test('it moves when its settings do, and leaves the machine with the extension', async () => {
    const moved = { ...body, properties: { ...body.properties, settings: { port: '50343' } } }
    await expect(200, lazuli.arm('PUT', path, { body: moved }))
    assert.equal(await settled(lazuli, path), 'Succeeded')
    assert.equal((await ask('http://localhost:50343/')).status, 401)
    assert.equal((await run('sudo ss -Hltn "sport = :50342"')).trim(), '')

    const { status } = await lazuli.arm('DELETE', path)
    assert.equal(status, 202)
    assert.equal(await settled(lazuli, path), 'Deleted')
    const left =
      'ls -d /etc/systemd/system/*lazuli-managed* /etc/systemd/system/*/*lazuli-managed* /opt/lazuli/* 2>&1 | grep -v "No such"'
    assert.equal((await run(`sudo ss -Hltn "sport = :50343"; ${left} || true`)).trim(), '')
  })
})
