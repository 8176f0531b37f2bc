import type { AsyncWork } from './arm/async-work.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'
import type { Machines } from './machines/machines.ts'
import type { Store } from './store/open.ts'
import type { Tokens } from './tokens/tokens.ts'

/** What every operation may use. Made once, in main.ts; whoever needs a thing takes it from here, by name. */
export type Parts = {
  readonly config: Config
  readonly clock: Clock
  readonly store: Store
  readonly tokens: Tokens
  readonly machines: Machines
  readonly asyncWork: AsyncWork
  readonly log: Log
}
