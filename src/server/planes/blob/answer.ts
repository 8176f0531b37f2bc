import { longAnswer } from '../../door/long-answer.ts'
import type { Call } from '../../door/operation.ts'
import type { AzureError } from '../../errors.ts'
import { declaration, element } from './xml.ts'

type HeaderValues = Readonly<Record<string, string | number | undefined>>

/** Those that have a value. */
export function present(values: HeaderValues): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(values)) if (value !== undefined) headers[name] = `${value}`
  return headers
}

export const empty = (status: number, headers: HeaderValues = {}) =>
  new Response(null, { status, headers: { ...present(headers), ...(status === 204 ? {} : { 'content-length': '0' }) } })

export const xml = (status: number, text: string, headers: HeaderValues = {}) =>
  new Response(declaration + text, { status, headers: { ...present(headers), 'content-type': 'application/xml' } })

/** What is made bit by bit, because there may be much of it. */
export const xmlOf = (texts: AsyncIterable<string>) =>
  longAnswer(withDeclaration(texts), { 'content-type': 'application/xml' })

async function* withDeclaration(texts: AsyncIterable<string>): AsyncGenerator<string> {
  yield declaration
  yield* texts
}

export const rfc1123 = (ms: number) => new Date(ms).toUTCString()

/** Seven digits of a second, as the service writes times in bodies. */
export const longTime = (ms: number) => `${new Date(ms).toISOString().slice(0, -1)}0000Z`

/** What of a thing every operation on it tells. */
export const validators = ({ etag, changedAt }: { etag: string; changedAt: number }) => ({
  etag: `"${etag}"`,
  'last-modified': rfc1123(changedAt),
})

/** The same of a blob that was written, and which version of it that made. */
export const written = (blob: { etag: string; changedAt: number; version?: string }) => ({
  ...validators(blob),
  'x-ms-version-id': blob.version,
})

export function renderError({ status, code, message, headers, extra }: AzureError, call: Call): Response {
  const all = { ...headers, 'x-ms-error-code': code }
  if (call.request.method === 'HEAD' || status === 304) return new Response(null, { status, headers: all })
  const text = `${message}\nRequestId:${call.requestId}\nTime:${longTime(call.now)}`
  const details = Object.entries(extra).map(([name, value]) => element(name, printable(String(value))))
  return xml(status, `<Error>${element('Code', code)}${element('Message', text)}${details.join('')}</Error>`, all)
}

/** What a client sent can have anything in it, and the answer must be XML all the same. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const printable = (text: string) => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
