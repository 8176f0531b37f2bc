/** The program of the package: `vm-access COMMAND`. */

import { obeyAgent } from '../handler/command.ts'
import { vmAccess } from './program.ts'

/** Agents kill a command after 300 s. */
const patienceMs = 240_000

obeyAgent(command => vmAccess(command, patienceMs))
