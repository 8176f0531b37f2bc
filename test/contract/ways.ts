/**
 * The two ways in which a program of Azure's SDKs reaches Lazuli. The programs are files of ordinary tests: they run in
 * a process of their own, because the CAs and the proxy of a process are settled when it starts.
 */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Ended, type Lazuli, type StartOptions, startLazuli } from '../start.ts'
import type { Verdict } from './relay.ts'

type Environment = Readonly<Record<string, string>>
type Way = (lazuli: Lazuli, argv: readonly string[], env: Environment) => Promise<Ended>

/** `lazuli exec`: Azure's own names lead to Lazuli, and the program does not know. */
export const throughTheProxy =
  (as?: string): Way =>
  (lazuli, argv, env) =>
    lazuli.exec(argv, { env, ...(as === undefined ? {} : { as }) })

/** No proxy: the program is told where its cloud is, and trusts its CA. */
export const byOwnNames: Way = (lazuli, argv, env) =>
  lazuli.run(argv, { env: { ...env, NODE_EXTRA_CA_CERTS: lazuli.env.caFile, LAZULI_URL: lazuli.url } })

/** Runs `programs/<name>.ts` against one Lazuli in both ways. */
export function inBothWays(name: string, options: StartOptions = {}): void {
  test(`${name} by SDK`, async t => {
    const lazuli = await startLazuli(t, options)
    for (const [way, go] of [
      ['through the proxy', throughTheProxy()],
      ['by own names', byOwnNames],
    ] as const) {
      await t.test(way, t => runTests(t, lazuli, name, go))
    }
  })
}

/** Runs `programs/<name>.ts`, signed in as the administrator unless `env` says otherwise; its tests are shown as ours. */
export async function runTests(t: TestContext, lazuli: Lazuli, name: string, way: Way, env: Environment = {}) {
  const verdictFile = join(lazuli.directory, '..', `verdicts-${randomUUID()}`)
  const argv = [
    process.execPath,
    `--test-reporter=${resolve(import.meta.dirname, 'relay.ts')}`,
    `--test-reporter-destination=${verdictFile}`,
    resolve(import.meta.dirname, `programs/${name}.ts`),
  ]
  const { tenantId, subscriptionId, admin } = lazuli.env
  const { exitCode, stdout, stderr } = await way(lazuli, argv, {
    AZURE_TENANT_ID: tenantId,
    AZURE_SUBSCRIPTION_ID: subscriptionId,
    AZURE_CLIENT_ID: admin.clientId,
    AZURE_CLIENT_SECRET: admin.clientSecret,
    ...env,
  })
  const lines = (await readFile(verdictFile, 'utf8')).trim().split('\n')
  await rm(verdictFile)
  const verdicts: Verdict[] = lines.filter(line => line !== '').map(line => JSON.parse(line))
  for (const { name, failure } of verdicts) {
    await t.test(name, () => {
      if (failure !== undefined) throw new Error(`In the program: ${failure}`)
    })
  }
  assert.ok(verdicts.length > 0, `the program ran no test: ${stderr}${stdout}`)
  const passed = verdicts.every(({ failure }) => failure === undefined)
  assert.equal(exitCode, passed ? 0 : 1, `${stderr}${stdout}`)
}
