import { join } from 'node:path'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { azEnvironment, azLane, besideLazuli, lanesMissing, registerCloud, signInAsAdministrator } from './az.ts'
import { byOwnNames, runTests, throughTheProxy } from './ways.ts'

test('the identity SDK is whoever is signed in to az', { skip: lanesMissing }, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t), azLane('trixie', t)])
  const program = azEnvironment(lane)

  await t.test('under lazuli exec, where nobody had to sign in', t =>
    runTests(t, lazuli, 'az-credential', throughTheProxy(), {
      ...program,
      AUDIENCE: 'https://management.azure.com',
    }),
  )

  await t.test('in a cloud of its own', async t => {
    const beside = besideLazuli(lazuli, lane)
    await registerCloud(beside, lazuli)
    await signInAsAdministrator(beside, lazuli)
    const cloud = { AZURE_CONFIG_DIR: join(lane.home, '.azure'), REQUESTS_CA_BUNDLE: lazuli.env.caFile }
    await runTests(t, lazuli, 'az-credential', byOwnNames, { ...program, ...cloud, AUDIENCE: lazuli.url })
  })
})
