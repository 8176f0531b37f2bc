import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http'

/**
 * An answer that has more headers than its own, but for those that it says otherwise itself. They are written together:
 * set one by one before the others, each would be looked at several times, and all written in the slower of Node's two
 * ways.
 */
export class StampedResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** Names in lower case. */
  stamp: Readonly<Record<string, string>> = {}

  /** In the one of Node's forms that is used here. */
  override writeHead(status: number, headers?: unknown): this {
    return super.writeHead(status, stamped(this.stamp, (headers ?? {}) as OutgoingHttpHeaders))
  }
}

function stamped(stamp: StampedResponse['stamp'], headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const all: OutgoingHttpHeaders = { ...stamp }
  for (const name in headers) {
    const lower = name.toLowerCase()
    if (lower !== name) delete all[lower]
    all[name] = headers[name]
  }
  return all
}
