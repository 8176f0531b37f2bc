import { randomUUID } from 'node:crypto'
import { readBytes } from '../../../door/body.ts'
import { planeNameOf } from '../../../door/names.ts'
import { type Context, operation } from '../../../door/operation.ts'
import { hasDots } from '../../../door/routes.ts'
import { blobSegments } from '../path.ts'
import { hasSignature } from '../query.ts'
import { bodyTooLarge, invalidHeader, invalidInput, missingHeader } from '../refusals.ts'

/**
 * Several requests in one, each with an authorization of its own: this one only opens the envelope, so whoever may do
 * nothing learns nothing from it. They are the deletion of blobs and the setting of their tiers.
 */
const places = [
  { path: '/:account', query: 'comp=batch' },
  { path: '/:account/:container', query: 'restype=container&comp=batch' },
]

export const batch = places.map(({ path, query }) =>
  operation<'read'>({
    name: 'Microsoft.Storage/storageAccounts/blobServices/batch',
    route: `POST ${path}`,
    query,
    access: { signedIn: 'each request in it is authorized on its own' },
    changes: true,
    run: answerAll,
  }),
)

const longestBatch = 4 * 1024 * 1024
const mostRequests = 256

async function answerAll(cx: Context<'read'>): Promise<Response> {
  const type = cx.request.headers.get('content-type')
  if (type === null) throw missingHeader('Content-Type')
  const boundary = /^multipart\/mixed;\s*boundary="?([\w'()+,./:=?-]{1,70})"?\s*$/i.exec(type)?.[1]
  if (boundary === undefined) throw invalidHeader('Content-Type', type)
  const parts = (await readBytes(cx.request, longestBatch, bodyTooLarge))
    .toString('utf8')
    .split(`--${boundary}`)
    .slice(1)
  const requests = parts.filter(part => !part.startsWith('--')).map(part => subRequest(cx, part))
  if (requests.length === 0 || requests.length > mostRequests) throw invalidInput()
  const mark = `batchresponse_${randomUUID()}`
  let text = ''
  for (const { id, request } of requests) {
    const answer = await cx.ask(request)
    text += `--${mark}\r\nContent-Type: application/http\r\n${id === undefined ? '' : `Content-ID: ${id}\r\n`}\r\n${await answerText(answer)}`
  }
  return new Response(`${text}--${mark}--\r\n`, {
    status: 202,
    headers: { 'content-type': `multipart/mixed; boundary=${mark}` },
  })
}

/** A part: its own headers, an empty line, and the head of a request. Throws 400. */
function subRequest(cx: Context<'read'>, part: string): { id: string | undefined; request: Request } {
  const [envelope = '', head = ''] = part.split(/\r?\n\r?\n/)
  const id = /^content-id:\s*(\S+)\s*$/im.exec(envelope)?.[1]
  const [line = '', ...fields] = head.split(/\r?\n/)
  const [, method, target] = /^(DELETE|PUT) (\S+) HTTP\/1\.1$/.exec(line.trim()) ?? []
  if (method === undefined || target === undefined || hasDots(target.split('?')[0] ?? '')) throw invalidInput()
  const text = target.startsWith('/') ? cx.url.origin + target : target
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.origin !== cx.url.origin || url.username !== '' || url.password !== '') throw invalidInput()
  if (method === 'PUT' && url.searchParams.get('comp')?.toLowerCase() !== 'tier') throw invalidInput()
  // What is done is done to blobs, and to those of the container when the batch is one's.
  const segments = blobSegments(planeNameOf(url, cx.config, () => false)?.pathname ?? '') ?? []
  const container = segments.length === 2 ? '$root' : segments[1]
  const isElsewhere = cx.params.container !== undefined && cx.params.container !== container
  if (segments.length < 2 || isElsewhere || url.searchParams.has('restype')) throw invalidInput()
  const headers = new Headers()
  for (const field of fields) {
    // Without a pattern for the blanks: one that tries them all again at each of them takes for ever for many.
    const colon = field.indexOf(':')
    const [name, value] = [field.slice(0, Math.max(colon, 0)), field.slice(colon + 1).trim()]
    if (/^[\w-]+$/.test(name) && isPlain(value)) headers.set(name, value)
  }
  // Clients of a token sign in once, for all of it.
  const own = cx.request.headers.get('authorization')
  if (!headers.has('authorization') && own?.toLowerCase().startsWith('bearer ') && !hasSignature(url))
    headers.set('authorization', own)
  // It stands in the envelope alone. A signed request may not get a header more; and a token needs a version.
  if (headers.get('authorization')?.toLowerCase().startsWith('bearer ') && !headers.has('x-ms-version'))
    headers.set('x-ms-version', cx.request.headers.get('x-ms-version') ?? '2018-11-09')
  return { id, request: new Request(url, { method, headers }) }
}

const isPlain = (value: string) => /^[\x20-\x7e]*$/.test(value)

async function answerText(answer: Response): Promise<string> {
  const body = await answer.text()
  answer.headers.set('content-length', String(Buffer.byteLength(body)))
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `HTTP/1.1 ${answer.status} ${answer.ok ? 'Accepted' : 'Refused'}\r\n${headers}\r\n${body}\r\n`
}
