/** What is gathered before it is sent: enough that the calls around it do not count. */
const portionLength = 64 * 1024

/**
 * A text that may be long is sent while it is made, as fast as the client takes it, so that little of it is in memory; a
 * short one goes as a whole, with its length. What fails in the first 64 KiB is thrown; later it breaks the connection
 * off, so that half is not taken for the whole.
 */
export async function longAnswer(
  texts: AsyncIterable<string>,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const portions = inPortions(texts)
  const first = await portions.next()
  if (!first.done) return new Response(streamOf(joined(first.value, portions)), { headers })
  return new Response(first.value, { headers: { ...headers, 'content-length': String(first.value.length) } })
}

/** Returns what is left at the end. */
async function* inPortions(texts: AsyncIterable<string>): AsyncGenerator<Buffer<ArrayBuffer>, Buffer<ArrayBuffer>> {
  let gathered = ''
  for await (const text of texts) {
    gathered += text
    if (gathered.length < portionLength) continue
    yield Buffer.from(gathered)
    gathered = ''
  }
  return Buffer.from(gathered)
}

async function* joined(first: Uint8Array, rest: AsyncGenerator<Uint8Array, Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield yield* rest
}

/** For an answer. What fails in the middle breaks the connection off, so that half is not taken for the whole. */
export function streamOf(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const portions = bytes[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await portions.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await portions.return?.()
      },
    },
    { highWaterMark: 1 },
  )
}
