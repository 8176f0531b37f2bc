/**
 * A vault with a secret, served over TLS by the server's own parts, of which one step of the way of a request can be
 * left out: what the step costs is what is gained by that. Reads { without } and prints { port, headers, path }.
 */

import { once } from 'node:events'
import { json } from 'node:stream/consumers'
import { openLocalCa } from '../../src/server/certificates/local-ca.ts'
import { createSecureContexts } from '../../src/server/certificates/secure-contexts.ts'
import { openDoor } from '../../src/server/door/handle.ts'
import { bindPort, openEars } from '../../src/server/door/listen.ts'
import { certificateNames } from '../../src/server/door/names.ts'
import type { Operation } from '../../src/server/door/operation.ts'
import type { Parts } from '../../src/server/parts.ts'
import { planeFinder } from '../../src/server/planes/index.ts'
import { keyVaultPlane } from '../../src/server/planes/key-vault/plane.ts'
import { openVault, vaultAudience } from '../../src/server/planes/key-vault/testing-vault.ts'
import { openTokens } from '../../src/server/tokens/tokens.ts'
import { lifetime } from './lifetime.ts'

export type Without = 'nothing' | 'remembered signatures' | 'authorization' | 'authentication' | 'audit'

const { without } = (await json(process.stdin)) as { without: Without }

await using end = lifetime()
const { parts, keeper, ask, clock } = await openVault(end)
await ask('PUT', '/secrets/s', { body: { value: 'correct horse battery staple' } })

/** The parts as they are, but for the one that is to do less, or that is to do again what it remembers. */
function partsWithout(): Parts {
  const { store, config, directory, tokens } = parts
  if (without === 'audit') return { ...parts, store: { ...store, appendAudit: () => undefined } }
  if (without !== 'remembered signatures') return parts
  const fresh = () => openTokens({ config, clock, keys: tokens.keys, tenantId: directory.tenantId })
  return { ...parts, tokens: { ...tokens, verify: (token, accepts) => fresh().verify(token, accepts) } }
}

function accessWithout(operation: Operation): Operation {
  if (without === 'authorization') return { ...operation, access: { signedIn: 'to measure what deciding takes' } }
  if (without === 'authentication') return { ...operation, access: { open: 'to measure what knowing who asks takes' } }
  return operation
}

const own = partsWithout()
const plane = keyVaultPlane(own)
const planes = [{ ...plane, operations: plane.operations.map(accessWithout) }]
const names = certificateNames(parts.config)
const realClock = { now: Date.now }
const ca = await openLocalCa({ dir: parts.config.directory, clock: realClock, names })
const bound = await bindPort(0)
const ears = openEars(bound, {
  domain: parts.config.domain,
  tickets: parts.control.tickets,
  door: openDoor(own, planes, planeFinder(own, planes)),
  httpChallenges: { answerTo: () => undefined },
  secureContexts: createSecureContexts({ ca, names, clock: realClock }),
  machineAt: () => undefined,
  serveMetadata: async () => undefined,
})
end.after(() => ears.close(0))

const { port } = bound
const headers = {
  host: `safe.vault.lazuli.localhost:${port}`,
  authorization: `Bearer ${await keeper.tokenFor(vaultAudience)}`,
}
process.stdout.write(`${JSON.stringify({ port, headers, path: '/secrets/s?api-version=7.4' })}\n`)
await once(process, 'SIGTERM')
