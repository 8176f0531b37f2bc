import { AzureError } from '../errors.ts'

const megabyte = 1024 * 1024
/** The limit of Azure Resource Manager. */
const jsonLimit = 4 * megabyte

/**
 * A JSON object, whatever the content type says: the tutorials' curl sends `-d '{…}'` as a form. An empty body is an
 * empty object. Throws 400 or 413.
 */
export async function readJson(request: Request): Promise<Record<string, unknown>> {
  const text = await readText(request, jsonLimit)
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (cause) {
    throw invalidRequestContent((cause as Error).message)
  }
  throw invalidRequestContent('a JSON object was expected')
}

export async function readForm(request: Request): Promise<URLSearchParams> {
  return new URLSearchParams(await readText(request, megabyte))
}

export async function readText(request: Request, limit: number): Promise<string> {
  return (await readBytes(request, limit)).toString('utf8')
}

/** Counts while it reads: a false Content-Length, or none, does not get past the limit. Throws 413. */
export async function readBytes(request: Request, limit: number): Promise<Buffer> {
  if (request.body === null) return Buffer.alloc(0)
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw requestTooLarge(limit)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.length
    if (size > limit) throw requestTooLarge(limit)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export const invalidRequestContent = (detail: string) =>
  new AzureError(
    400,
    'InvalidRequestContent',
    `The request content was invalid and could not be deserialized: '${detail}'.`,
  )

const requestTooLarge = (limit: number) =>
  new AzureError(413, 'RequestContentTooLarge', `The request content exceeds the maximum size of ${limit} bytes.`)
