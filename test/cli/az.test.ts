import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { azLane, lanesMissing } from '../clients/az.ts'
import { startLazuli } from '../start.ts'

for (const suite of ['trixie', 'bookworm'] as const) {
  test(`az of Debian ${suite} is signed in as the administrator under lazuli exec, without az login`, {
    skip: lanesMissing,
  }, async t => {
    const [server, { bin }] = await Promise.all([startLazuli(t), azLane(suite, t)])
    const PATH = `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`
    const az = (argv: readonly string[], as?: string) =>
      server.exec(['az', ...argv], { env: { PATH }, ...(as === undefined ? {} : { as }) })

    const account = await az(['account', 'show'])
    assert.partialDeepStrictEqual(JSON.parse(account.stdout), {
      environmentName: 'AzureCloud',
      id: server.env.subscriptionId,
      tenantId: server.env.tenantId,
      user: { name: server.env.admin.clientId, type: 'servicePrincipal' },
    })
    const group = await az(['group', 'create', '-n', 'under-exec', '-l', 'westeurope'])
    assert.equal(JSON.parse(group.stdout).properties.provisioningState, 'Succeeded', group.stderr)
    const identity = await az(['identity', 'create', '-g', 'under-exec', '-n', 'actor'])
    assert.equal(JSON.parse(identity.stdout).name, 'actor', identity.stderr)

    assert.notEqual((await az(['account', 'show'], 'actor')).exitCode, 0)
    const signedIn = await az(['login', '--identity', '--allow-no-subscriptions'], 'actor')
    assert.equal(JSON.parse(signedIn.stdout)[0].user.name, 'systemAssignedIdentity', signedIn.stderr)
    assert.equal(JSON.parse((await az(['account', 'show'])).stdout).user.name, server.env.admin.clientId)

    await server.command(['clock', '+30d'])
    const later = await az(['group', 'list'])
    assert.equal(JSON.parse(later.stdout)[0].name, 'under-exec', later.stderr)

    const config = await readFile(join(server.directory, 'azure', 'config'), 'utf8')
    assert.match(config, /^collect_telemetry = no$/m)
  })
}
