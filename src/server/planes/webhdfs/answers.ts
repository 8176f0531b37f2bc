import { longAnswer } from '../../door/long-answer.ts'

/** What every answer of Data Lake Store has, in its own spelling. */
const always = {
  'Cache-Control': 'no-cache, no-cache, no-store, max-age=0',
  Pragma: 'no-cache',
  Expires: '-1',
  'x-ms-webhdfs-version': '17.04.22.00',
  'Strict-Transport-Security': 'max-age=15724800; includeSubDomains',
}

/** `status` is the number of the service's own error; zero when there is none. */
export const headersOf = (status = '0x0') => ({ ...always, Status: status })

const jsonType = 'application/json; charset=utf-8'

/** Java's client reads what went wrong only from a body whose length is announced. */
export function jsonAnswer(value: unknown, { status = 200, hex = '0x0', headers = {} } = {}): Response {
  const text = JSON.stringify(value)
  return new Response(text, {
    status,
    headers: {
      ...headersOf(hex),
      'Content-Type': jsonType,
      'Content-Length': String(Buffer.byteLength(text)),
      ...headers,
    },
  })
}

/** The same for JSON that is written bit by bit, because there may be much of it. */
export const longJsonAnswer = (texts: AsyncIterable<string>): Promise<Response> =>
  longAnswer(texts, { ...headersOf(), 'content-type': jsonType })

/** `ContentLength` is no header of HTTP, but one of this service. */
export const emptyAnswer = (status = 200, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(null, {
    status,
    headers: { ...headersOf(), ContentLength: '0', 'Content-Length': '0', ...headers },
  })

/**
 * Asks the client to send the request again, to the same place, with one more parameter: HDFS parts the node that knows
 * names from those that have the bytes.
 */
export const sendAgain = (request: Request, parameter: string): Response =>
  emptyAnswer(307, { Location: `${request.url}&${parameter}=true` })
