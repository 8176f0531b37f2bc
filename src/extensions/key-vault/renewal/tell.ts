/** Tells the program that uses a certificate that there is a new one. */

import { failureText } from '../../handler/failure.ts'
import type { Run } from '../../host/run.ts'
import type { AfterRenewal } from '../settings/wish.ts'

export type TellParts = { readonly run: Run; readonly log: (text: string) => void }

/** What was done, in words, and what kept it from being done. `absent`: there is nobody who could be told. */
export type Told = {
  readonly text: string
  readonly failure?: string
  readonly absent?: 'stopped' | 'missing'
}

/** A program that hangs must not keep other certificates from being renewed. */
const commandLimitMs = 60_000

/** `isBack`: what is there now is what it had before, and a unit that fell over the other version is started again. */
export async function tell(
  wish: AfterRenewal | undefined,
  parts: TellParts,
  { isBack } = { isBack: false },
): Promise<Told> {
  if (!wish) return { text: '' }
  if (!('reload' in wish))
    return carryOut(wish.commands, `${wish.commands.map(([program]) => program).join(', ')} ran`, parts)
  const unit = wish.reload
  const state = await stateOf(unit, parts)
  if (state === 'failed' && isBack) return carryOut([['systemctl', 'start', '--', unit]], `${unit} was started`, parts)
  if (state === 'missing') return { text: `there is no unit ${unit}`, absent: 'missing' }
  // It is left alone: who has stopped it has a reason.
  if (state !== 'running')
    return { text: `${unit} does not run, and reads the file when it is started`, absent: 'stopped' }
  return carryOut([['systemctl', 'try-reload-or-restart', '--', unit]], `${unit} was reloaded`, parts)
}

async function carryOut(
  commands: readonly (readonly [program: string, ...args: string[]])[],
  text: string,
  { run, log }: TellParts,
): Promise<Told> {
  for (const [program, ...args] of commands) {
    try {
      await run(program, args, { timeoutMs: commandLimitMs })
    } catch (error) {
      const failure = failureText(error).replace(/\s+/g, ' ')
      log(`After the renewal: ${failure}`)
      return { text, failure }
    }
  }
  log(`After the renewal: ${text}.`)
  return { text }
}

/** Where systemd cannot be asked, telling the unit brings out why. */
async function stateOf(unit: string, { run }: TellParts): Promise<'running' | 'stopped' | 'failed' | 'missing'> {
  const { stdout } = await run('systemctl', ['show', '--property=LoadState,ActiveState', '--', unit], {
    anyExit: true,
    timeoutMs: commandLimitMs,
  }).catch(() => ({ stdout: Buffer.alloc(0) }))
  const shown = stdout.toString('utf8')
  const active = /^ActiveState=(.*)$/m.exec(shown)?.[1]
  if (/^LoadState=not-found$/m.test(shown) && active === 'inactive') return 'missing'
  if (active === 'failed') return 'failed'
  return active === 'inactive' || active === 'deactivating' ? 'stopped' : 'running'
}
