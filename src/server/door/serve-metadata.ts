import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MetadataService } from '../../metadata/instance-metadata.ts'
import type { Machine } from '../../metadata/machine.ts'

/** Puts the metadata service behind a Node request. `machine` is undefined for an address that is no machine's. */
export async function serveMetadata(
  service: MetadataService,
  machine: Machine | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: string,
): Promise<void> {
  // Nothing here takes a body; what a client sends all the same must not stay in the connection.
  incoming.resume()
  if (!machine) {
    outgoing.writeHead(404, { server: 'IMDS/1.0.0.0' }).end()
    return
  }
  const mark = target.indexOf('?')
  const answer = await service.answer(
    {
      method: incoming.method ?? '',
      path: mark < 0 ? target : target.slice(0, mark),
      query: mark < 0 ? '' : target.slice(mark + 1),
      headers: name => {
        const value = incoming.headers[name]
        return Array.isArray(value) ? value.join(', ') : value
      },
    },
    machine,
  )
  outgoing
    .writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) })
    .end(answer.body)
}
