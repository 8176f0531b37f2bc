/** The extension's program, but for one thing: it waits half a second for a disk, and not four minutes. */

import { obeyAgent } from '../../src/extensions/handler/command.ts'
import { vmAccess } from '../../src/extensions/vm-access/program.ts'

obeyAgent(command => vmAccess(command, 500))
