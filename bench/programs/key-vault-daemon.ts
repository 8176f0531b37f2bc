/** `key-vault-daemon.ts FOLDER`: the service of the Key Vault extension, all of whose places are in one folder. */

import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { join } from 'node:path'
import { serve } from '../../src/extensions/key-vault/daemon/serve.ts'

const folder = process.argv[2] ?? ''
const environment = {
  ...{ name: 'bench', version: '', handlerFolder: folder, libFolder: folder, sequence: 0 },
  ...{ logFolder: join(folder, 'log'), configFolder: join(folder, 'config'), statusFolder: join(folder, 'status') },
}
// The vault's name is nobody's.
const lookup: LookupFunction = (_name, options, done) =>
  options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)
const agent = new Agent({ keepAlive: true, maxSockets: 8, ca: readFileSync(join(folder, 'root.crt')), lookup })
await serve(environment, {
  ...{ state: join(folder, 'state'), socket: join(folder, 'socket'), observed: join(folder, 'observed.json') },
  agent: () => agent,
})
