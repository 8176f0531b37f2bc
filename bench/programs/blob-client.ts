/**
 * One large transfer, one whole listing, or one page of it again and again, over a connection of its own. Reads from
 * standard input what to do and prints `{ ms, bytes }`: for a listing, the number of entries in the place of bytes.
 */

import { randomBytes } from 'node:crypto'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'

export type Task =
  | { readonly do: 'upload'; readonly url: string; readonly headers: Headers; readonly bytes: number }
  | { readonly do: 'download'; readonly url: string; readonly headers: Headers }
  | { readonly do: 'list'; readonly url: string; readonly headers: Headers }
  | { readonly do: 'page'; readonly url: string; readonly headers: Headers; readonly times: number }
/** `eachMs` is for a page, and without the first time, which opens the connection. */
export type Done = { readonly ms: number; readonly bytes: number; readonly eachMs?: readonly number[] }

type Headers = Readonly<Record<string, string>>

// Both sides show a certificate that was made for this run, to an address.
const agent = new Agent({ keepAlive: true, rejectUnauthorized: false })
const portion = randomBytes(1024 * 1024)

const task: Task = JSON.parse(await text(process.stdin))
const from = performance.now()
const eachMs: number[] = []
const bytes = await performed(task)
process.stdout.write(JSON.stringify({ ms: performance.now() - from, bytes, eachMs } satisfies Done))
agent.destroy()

function performed(task: Task): Promise<number> {
  if (task.do === 'upload') return upload(task)
  if (task.do === 'download') return download(task)
  return task.do === 'page' ? page(task) : list(task)
}

async function upload({ url, headers, bytes }: Task & { do: 'upload' }): Promise<number> {
  const sent = request(url, { method: 'PUT', agent, headers: { ...headers, 'content-length': String(bytes) } })
  const answered = answerOf(sent)
  for (let left = bytes; left > 0; left -= portion.length) {
    if (!sent.write(left < portion.length ? portion.subarray(0, left) : portion))
      await new Promise(resolve => sent.once('drain', resolve))
  }
  sent.end()
  await text(await answered)
  return bytes
}

async function download({ url, headers }: Task): Promise<number> {
  const sent = request(url, { agent, headers })
  sent.end()
  let size = 0
  for await (const chunk of await answerOf(sent)) size += (chunk as Buffer).length
  return size
}

/** Page after page, until the service says that there are no more. */
async function list({ url, headers }: Task): Promise<number> {
  let names = 0
  for (let marker: string | undefined = ''; marker !== undefined; ) {
    const sent = request(`${url}&marker=${encodeURIComponent(marker)}`, { agent, headers })
    sent.end()
    const page = await text(await answerOf(sent))
    names += page.split('<Name>').length - 1
    marker = /<NextMarker>([^<]+)<\/NextMarker>/.exec(page)?.[1]
  }
  return names
}

async function page({ url, headers, times }: Task & { do: 'page' }): Promise<number> {
  let entries = 0
  for (let time = 0; time <= times; time++) {
    const from = performance.now()
    const sent = request(url, { agent, headers })
    sent.end()
    entries = (await text(await answerOf(sent))).split(/<Blob>|<BlobPrefix>/).length - 1
    if (time > 0) eachMs.push(performance.now() - from)
  }
  return entries
}

async function answerOf(sent: ClientRequest) {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject)
  })
  const status = answer.statusCode ?? 0
  if (status < 200 || status > 299) throw new Error(`${sent.method} ${sent.path}: ${status} ${await text(answer)}`)
  return answer
}
