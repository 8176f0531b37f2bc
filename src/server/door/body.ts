import { AzureError } from '../errors.ts'
import type { Peer } from './operation.ts'

const megabyte = 1024 * 1024
/** The limit of Azure Resource Manager. */
const jsonLimit = 4 * megabyte
/** Enough for every template; whatever walks through a body may call itself so often. */
const deepestJson = 128

/**
 * A JSON object, whatever the content type says: the tutorials' curl sends `-d '{…}'` as a form. An empty body is an
 * empty object. Half of a surrogate pair is refused, or becomes U+FFFD where `halves` says so. Throws 400 or 413.
 */
export async function readJson(
  request: Request,
  { halves = 'refuse' }: { halves?: 'refuse' | 'replace' } = {},
): Promise<Record<string, unknown>> {
  const text = await readText(request, jsonLimit)
  if (text.trim() === '') return {}
  const value = parsed(text, halves === 'refuse' ? refuseHalves : replaceHalves)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidRequestContent('a JSON object was expected')
  }
  refuseTooDeep(value)
  return value as Record<string, unknown>
}

/** Throws 400 for a body that whoever walks through it could run out of stack over. */
export function refuseTooDeep(value: object): void {
  if (isDeeperThan(deepestJson, value))
    throw invalidRequestContent(`the maximum depth of ${deepestJson} has been exceeded`)
}

function parsed(text: string, revive: (name: string, value: unknown) => unknown): unknown {
  try {
    return /\\u[dD][89a-fA-F]/.test(text) ? JSON.parse(text, revive) : JSON.parse(text)
  } catch (cause) {
    throw invalidRequestContent((cause as Error).message)
  }
}

/** Half of a surrogate pair has no bytes in UTF-8: what is kept of it and given back would be another text. */
function refuseHalves(name: string, value: unknown): unknown {
  const isWhole = name.isWellFormed() && (typeof value !== 'string' || value.isWellFormed())
  if (!isWhole) throw new SyntaxError('Unpaired surrogate in a string in JSON')
  return value
}

const replaceHalves = (_name: string, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value)

/** Level by level, because what is asked is whether the call stack would be deep enough. */
function isDeeperThan(limit: number, value: object): boolean {
  let level: object[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === limit) return true
    level = level.flatMap(one => Object.values(one).filter(member => typeof member === 'object' && member !== null))
  }
  return false
}

export async function readForm(request: Request): Promise<URLSearchParams> {
  return new URLSearchParams(await readText(request, megabyte))
}

/** Throws 400 or 413, which a plane may have words of its own for. */
export async function readText(request: Request, limit: number, tooLarge = requestTooLarge): Promise<string> {
  if (isAnnounced(request, limit)) return request.text().catch(refuseEarlyEnd)
  return (await counted(request, limit, tooLarge)).toString('utf8')
}

/** Throws 400 or 413. */
export async function readBytes(request: Request, limit: number, tooLarge = requestTooLarge): Promise<Buffer> {
  if (isAnnounced(request, limit)) return Buffer.from(await request.arrayBuffer().catch(refuseEarlyEnd))
  return counted(request, limit, tooLarge)
}

/** HTTP ends a body where its header said, so there is nothing to count; and a stream is not needed, which takes long. */
function isAnnounced(request: Request, limit: number): boolean {
  const length = request.headers.get('content-length')
  return length !== null && Number(length) <= limit
}

async function counted(request: Request, limit: number, tooLarge: typeof requestTooLarge): Promise<Buffer> {
  if (request.body === null) return Buffer.alloc(0)
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  for (let size = 0; request.headers.get('content-length') === null; ) {
    const { done, value } = await reader.read().catch(refuseEarlyEnd)
    if (done) return Buffer.concat(chunks)
    size += value.length
    if (size > limit) break
    chunks.push(value)
  }
  void discard(reader, 4 * limit)
  throw tooLarge(limit)
}

/** A body of any length as it comes. `refusal` makes an error of a client that goes away in the middle. */
export async function* bodyOf(
  { request, peer }: { request: Request; peer: Pick<Peer, 'body'> },
  refusal: (cause: unknown) => AzureError,
): AsyncGenerator<Uint8Array> {
  // Left open when it is not read to its end, so that the answer that says why still arrives.
  const portions = peer.body?.iterator({ destroyOnReturn: false }) ?? request.body?.values({ preventCancel: true })
  try {
    if (portions) yield* portions as AsyncIterable<Uint8Array>
  } catch (cause) {
    throw cause instanceof AzureError ? cause : refusal(cause)
  }
}

function refuseEarlyEnd(cause: unknown): never {
  throw invalidRequestContent('the request content ended early', { cause })
}

/** Takes in the rest of a body, but only so far: a client that is cut off while it sends does not see the answer. */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array>, most: number): Promise<void> {
  try {
    for (let size = 0; size <= most; ) {
      const { done, value } = await reader.read()
      if (done) return
      size += value.length
    }
    await reader.cancel()
  } catch {
    // The client has gone away, and nobody waits for what it had to say.
  }
}

export const invalidRequestContent = (detail: string, options: { cause?: unknown } = {}) =>
  new AzureError(
    400,
    'InvalidRequestContent',
    `The request content was invalid and could not be deserialized: '${detail}'.`,
    options,
  )

const requestTooLarge = (limit: number) =>
  new AzureError(413, 'RequestContentTooLarge', `The request content exceeds the maximum size of ${limit} bytes.`)
