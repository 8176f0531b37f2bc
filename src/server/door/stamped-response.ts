import {
  type IncomingMessage,
  type OutgoingHttpHeaders,
  ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'

/**
 * An answer that has more headers than its own, but for those that it says otherwise itself. They are written together:
 * set one by one before the others, each would be looked at several times, and all written in the slower of Node's two
 * ways.
 */
export class StampedResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** Names in lower case. */
  stamp: Readonly<Record<string, string>> | undefined
  /** What is answered when a header cannot be written. Without it, writing throws. */
  instead: ((cause: unknown) => Response) | undefined

  /** In the one of Node's forms that is used here. */
  override writeHead(status: number, headers?: unknown): this {
    try {
      return super.writeHead(status, stamped(this.stamp, (headers ?? {}) as OutgoingHttpHeaders))
    } catch (cause) {
      if (!this.instead || this.headersSent) throw cause
      this.#answer(this.instead(cause))
      return this
    }
  }

  /** What whoever writes goes on to write is the body of what could not be answered. */
  #answer(answer: Response): void {
    const { end } = this
    // Whoever heeds it sends no more, and learns from the end of this that nobody wants any.
    Object.assign(this, { write: () => false, end: () => this, flushHeaders: () => undefined })
    answer.text().then(
      body => {
        const own = Object.fromEntries(answer.headers)
        const all = stamped(this.stamp, { ...own, 'content-length': Buffer.byteLength(body) })
        super.writeHead(answer.status, Object.fromEntries(Object.entries(all).filter(canBeWritten)))
        end.call(this, body, 'utf8')
      },
      () => this.destroy(),
    )
  }
}

function stamped(stamp: StampedResponse['stamp'], headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  if (stamp === undefined) return headers
  const all: OutgoingHttpHeaders = { ...stamp }
  for (const name in headers) {
    const lower = name.toLowerCase()
    if (lower !== name) delete all[lower]
    all[name] = headers[name]
  }
  return all
}

function canBeWritten([name, value]: [name: string, value: OutgoingHttpHeaders[string]]): boolean {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, String(value))
    return true
  } catch {
    return false
  }
}
