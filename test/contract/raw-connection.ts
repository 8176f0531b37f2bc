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
  /** The next whole answer. Rejects when the connection ends without one. */
  answer(): Promise<RawAnswer>
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
    answer: () =>
      new Promise((resolve, reject) => {
        look = () => {
          const found = firstAnswer(received)
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

/** Our server gives every answer that these tests ask for a length. */
function firstAnswer(received: Buffer): { answer: RawAnswer; rest: Buffer } | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const headers = received.subarray(0, end).toString()
  const from = end + 4
  const length = Number(/^content-length: (\d+)$/im.exec(headers)?.[1] ?? 0)
  if (received.length < from + length) return undefined
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(headers)?.[1])
  return {
    answer: { status, headers, body: received.subarray(from, from + length).toString() },
    rest: received.subarray(from + length),
  }
}
