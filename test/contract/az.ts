/** The real az with Lazuli, in the two ways in which people use them together. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { azLane, type Az as Lane, lanesMissing } from '../clients/az.ts'
import { warmAzLane } from '../clients/warm.ts'
import { type Ended, type Lazuli, startLazuli } from '../start.ts'
import { unique } from './arrange.ts'

export { azLane, lanesMissing, warmAzLane }

type Environment = Readonly<Record<string, string>>

export type Az = {
  /** What is typed behind `az`, with the quotes that a shell wants. It must succeed; the answer is the JSON it prints. */
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of an answer it says by what it compares
  az<Answer = any>(command: string, env?: Environment): Promise<Answer>
  /** A command that must fail. */
  refusal(command: string, env?: Environment): Promise<{ readonly exitCode: number; readonly said: string }>
}

/** `lazuli exec -- az …`: signed in as the administrator, or on a machine, where nobody is signed in yet. */
export const underLazuli = (lazuli: Lazuli, lane: Lane, as?: string): Az =>
  typed((argv, env) =>
    lazuli.exec(argv, { env: { ...azEnvironment(lane), ...env }, ...(as === undefined ? {} : { as }) }),
  )

/** az by itself, for which Lazuli is another cloud. Nobody is signed in, and the cloud is still to be registered. */
export const besideLazuli = (lazuli: Lazuli, lane: Lane): Az =>
  typed((argv, env) => {
    const cloud = { AZURE_CONFIG_DIR: join(lane.home, '.azure'), REQUESTS_CA_BUNDLE: lazuli.env.caFile }
    return lazuli.run(argv, { env: { ...azEnvironment(lane), ...cloud, ...env } })
  })

/** Makes Lazuli the cloud that az works with. What else there is to know of it, az asks the resource manager. */
export async function registerCloud({ az }: Pick<Az, 'az'>, lazuli: Lazuli): Promise<void> {
  await az(`cloud register -n lazuli --endpoint-resource-manager ${lazuli.url}`)
  await az('cloud set -n lazuli')
}

export const signInAsAdministrator = ({ az }: Pick<Az, 'az'>, { env: { admin, tenantId } }: Lazuli) =>
  az(`login --service-principal -u ${admin.clientId} -p '${admin.clientSecret}' --tenant ${tenantId}`)

type Signed = Az & { readonly lazuli: Lazuli; readonly lane: Lane }

/** Runs tests with az 2.74 of Debian trixie in both ways, signed in as the administrator of one and the same Lazuli. */
export function inBothWays(topic: string, run: (t: TestContext, signed: Signed) => Promise<void>): void {
  test(topic, { skip: lanesMissing }, async t => {
    const [lazuli, lane] = await Promise.all([startLazuli(t), warmAzLane('trixie', t)])
    await t.test('under lazuli exec', t => run(t, { ...underLazuli(lazuli, lane), lazuli, lane }))
    await t.test('in a cloud of its own', async t => {
      const beside = besideLazuli(lazuli, lane)
      await registerCloud(beside, lazuli)
      await signInAsAdministrator(beside, lazuli)
      await run(t, { ...beside, lazuli, lane })
    })
  })
}

/** The password of `newUser`. */
export const userPassword = 'correct-Horse7-battery'

/** A user, in the domain that every Lazuli begins with. */
export const newUser = (az: Az['az']) =>
  az(
    `ad user create --display-name Ann --password '${userPassword}' --user-principal-name ${unique('ann')}@lazuli.onmicrosoft.com`,
  )

/** Finds az. Below /tmp, its home is the same inside and outside of the Debian that it runs in. */
export const azEnvironment = ({ bin, home }: Lane) => ({ PATH: `${bin}:${process.env.PATH}`, HOME: home })

function typed(run: (argv: readonly string[], env: Environment) => Promise<Ended>): Az {
  const type = (command: string, env: Environment = {}) => run(['sh', '-c', `az ${command}`], env)
  return {
    async az(command, env) {
      const { exitCode, stdout, stderr } = await type(command, env)
      assert.equal(exitCode, 0, `az ${command}\n${stderr}`)
      return stdout.trim() === '' ? undefined : JSON.parse(stdout)
    },
    async refusal(command, env) {
      const { exitCode, stdout, stderr } = await type(command, env)
      assert.notEqual(exitCode, 0, `az ${command}\n${stdout}`)
      return { exitCode, said: stderr }
    },
  }
}
