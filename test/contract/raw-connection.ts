/** A connection under the test's own control, for what no client library would send. */

import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Lazuli } from '../start.ts'

export type RawAnswer = { readonly status: number; readonly headers: string; readonly body: string }

export type RawConnection = {
  readonly socket: Socket
  send(text: string | Buffer): void
  /** The next whole answer, which to `HEAD` has no body. Rejects when the connection ends without one. */
  answer(to?: string): Promise<RawAnswer>
  /** Resolves when the other side has ended the connection. */
  readonly ended: Promise<void>
}

const where = (lazuli: Lazuli) => ({ host: '127.0.0.1', port: Number(new URL(lazuli.url).port) })

/** A TLS connection on which nothing has been sent. */
export async function connect(t: TestContext, lazuli: Lazuli): Promise<RawConnection> {
  const socket: TLSSocket = connectTls({ ...where(lazuli), servername: 'localhost', ca: lazuli.ca })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  return observed(socket)
}

/** A connection without TLS. */
export async function connectPlain(t: TestContext, lazuli: Lazuli): Promise<RawConnection> {
  const socket = connectTcp(where(lazuli))
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return observed(socket)
}

function observed(socket: Socket): RawConnection {
  let received: Buffer = Buffer.alloc(0)
  let look = () => {}
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    look()
  })
  const ended = new Promise<void>(resolve => socket.once('close', () => resolve()))
  // A reset is an end, too.
  socket.on('error', () => socket.destroy())
  return {
    socket,
    ended,
    send: text => socket.write(text),
    answer: to =>
      new Promise((resolve, reject) => {
        look = () => {
          const found = firstAnswer(received, to === 'HEAD')
          if (!found) return
          look = () => {}
          received = found.rest
          resolve(found.answer)
        }
        void ended.then(() => reject(new Error(`the connection has ended after: ${received}`)))
        look()
      }),
  }
}

function firstAnswer(received: Buffer, isHead: boolean): { answer: RawAnswer; rest: Buffer } | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const headers = received.subarray(0, end).toString()
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(headers)?.[1])
  const content = received.subarray(end + 4)
  const length = isHead || status === 304 ? 0 : Number(/^content-length: (\d+)$/im.exec(headers)?.[1] ?? 0)
  const whole =
    /^transfer-encoding: chunked$/im.test(headers) && !isHead
      ? unchunked(content)
      : content.length < length
        ? undefined
        : { body: content.subarray(0, length), rest: content.subarray(length) }
  return whole && { answer: { status, headers, body: whole.body.toString() }, rest: whole.rest }
}

/** Without trailers, which our server does not send. */
function unchunked(content: Buffer): { body: Buffer; rest: Buffer } | undefined {
  const body: Buffer[] = []
  for (let at = 0; ; ) {
    const end = content.indexOf('\r\n', at)
    const length = Number.parseInt(content.subarray(at, end).toString(), 16)
    const from = end + 2
    at = from + length + 2
    if (end < 0 || at > content.length) return undefined
    if (length === 0) return { body: Buffer.concat(body), rest: content.subarray(at) }
    body.push(content.subarray(from, from + length))
  }
}
