import type { AsyncWork } from './arm/async-work.ts'
import type { IssuingAuthority } from './certificates/issuing-authority.ts'
import type { ShiftableClock } from './clock.ts'
import type { Config } from './config.ts'
import type { Directory } from './directory/bootstrap.ts'
import type { AskFor } from './door/handle.ts'
import type { Tickets } from './door/tickets.ts'
import type { Packages } from './extensions/packages.ts'
import type { Extents } from './extents/extents.ts'
import type { Log } from './log.ts'
import type { Agents } from './machines/agents.ts'
import type { Machines } from './machines/machines.ts'
import type { Store } from './store/open.ts'
import type { Tokens } from './tokens/tokens.ts'
import type { CertificateWork } from './vaults/certificates/certificate-work.ts'
import type { PfxTurns } from './vaults/certificates/pfx-turns.ts'
import type { KeyOperations } from './vaults/cryptography/key-operations.ts'

/** What every operation may use. Made once, by main.ts and open-parts.ts; whoever needs a thing takes it from here, by name. */
export type Parts = {
  readonly config: Config
  readonly clock: ShiftableClock
  readonly store: Store
  readonly extents: Extents
  readonly directory: Directory
  readonly tokens: Tokens
  readonly machines: Machines
  readonly agents: Agents
  readonly packages: Packages
  readonly keyOperations: KeyOperations
  readonly certificateWork: CertificateWork
  readonly issuingAuthority: IssuingAuthority
  readonly pfxTurns: PfxTurns
  readonly asyncWork: AsyncWork
  readonly askFor: AskFor
  readonly control: Control
  readonly log: Log
}

/** The server as something that can be asked about itself and told to end. */
export type Control = {
  readonly version: string
  /** Real time, in milliseconds. */
  readonly startedAt: number
  readonly tickets: Tickets
  stop(options: { machines: 'keep' | 'stop' }): void
}
