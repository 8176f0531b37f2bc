/**
 * The metadata address of one machine, made of the server's own parts: its listener, its view of the machine, its
 * tokens. Only the limit of 20 requests a second is not there, for the limit is not what is to be measured.
 * Prints { port }, and serves until it is told to end.
 */

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { metadataService } from '../../src/metadata/instance-metadata.ts'
import { openLocalCa } from '../../src/server/certificates/local-ca.ts'
import { createSecureContexts } from '../../src/server/certificates/secure-contexts.ts'
import { bindPort, openEars } from '../../src/server/door/listen.ts'
import { certificateNames } from '../../src/server/door/names.ts'
import { serveMetadata } from '../../src/server/door/serve-metadata.ts'
import { metadataMachines } from '../../src/server/machines/metadata.ts'
import { openLazuli } from '../../src/server/testing/open-lazuli.ts'
import { issueManagedIdentityToken } from '../../src/server/tokens/managed-identity.ts'
import { lifetime } from './lifetime.ts'

await using end = lifetime()
const { parts, door, clock, subscription, adminToken, request } = await openLazuli(end)

const put = async (path: string, version: string, body: unknown) => {
  const response = await request('PUT', `${path}?api-version=${version}`, { token: await adminToken(), body })
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
}
const group = `${subscription}/resourceGroups/bench`
const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/bench`
await put(group, '2021-04-01', { location: 'westeurope' })
await put(identity, '2024-11-30', { location: 'westeurope' })

const metadata = metadataService({
  clock,
  issueToken: wish => issueManagedIdentityToken(parts, wish),
  signAttested: () => Promise.reject(new Error('nobody asks for that here')),
  report: error => console.error(error),
  limits: 'unlimited',
})
const names = certificateNames(parts.config)
const ca = await openLocalCa({ dir: parts.config.directory, clock, names })
const viewOf = metadataMachines(parts)
const ears = openEars(await bindPort(0), {
  domain: parts.config.domain,
  tickets: parts.control.tickets,
  door,
  httpChallenges: { answerTo: () => undefined },
  secureContexts: createSecureContexts({ ca, names, clock }),
  machineAt: () => identity,
  serveMetadata: async (incoming, outgoing, target, of) =>
    serveMetadata(metadata, await viewOf(of), incoming, outgoing, target),
})
end.after(() => ears.close(0))

const listener = createServer(socket => ears.serveMetadata(socket))
await once(listener.listen(0, '127.0.0.1'), 'listening')
process.stdout.write(`${JSON.stringify({ port: (listener.address() as AddressInfo).port })}\n`)
await once(process, 'SIGTERM')
listener.close()
