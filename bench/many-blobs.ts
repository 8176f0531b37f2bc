import { join } from 'node:path'
import { markerOf } from '../src/server/planes/blob/paging.ts'
import { processorSeconds } from './cores.ts'
import type { Samples } from './figures.ts'
import { openServer, peakMiB, residentMiB } from './lazuli.ts'
import { load } from './load.ts'
import { result } from './program.ts'
import type { Done, Task } from './programs/blob-client.ts'
import type { Filled } from './programs/container-filler.ts'
import { heading, measured, note, ratio } from './report.ts'
import { accountOf } from './storage-account.ts'

/** How many blobs there are in the end, and how many of them come over the wire, to the server that is measured then. */
const steps = [
  { amount: 1_000, overWire: 0 },
  { amount: 100_000, overWire: 10_000 },
  { amount: 1_000_000, overWire: 20_000 },
]
const times = 100
const page = 500
/** As the filler names them: nine of ten are here. */
const crowded = 'big/'
/** In the order of names this is behind all that the filler makes. */
const wire = 'many/wire/'

/**
 * Pages of the list of one container, while there is more and more in it: what a page takes is to depend on its own size
 * alone. Ratios are of the server's processor time, which others at work on the same host change less than the time.
 */
export async function manyBlobs({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading('Lists of one container over TLS, signed, one connection')
  const data = join(folder, 'many-blobs')
  const perAmount: Record<string, Samples>[] = []
  let [beforehand, put] = [0, 0]
  for (const { amount, overWire } of steps) {
    const from = beforehand
    beforehand = amount - put - overWire
    const filling = await filled({ program, data, from, amount: beforehand })
    note(`${shown(amount)} blobs, ${shown(filling.put)} of them put into the store in ${filling.seconds} s:`)
    await using server = await openServer({ program, data, machines: 'none', side: 'server' })
    const { url, headers, sas } = await accountOf(server)
    const ask = (task: Task) =>
      result<Done>({
        argv: [process.execPath, join(import.meta.dirname, 'programs', 'blob-client.ts')],
        side: 'load',
        input: task,
      })
    const address = (query: string) => `${url}/${query}&${sas}`
    const idle = residentMiB(server.pid)
    if (overWire > 0) {
      const from = processorSeconds(server.pid)
      const puts = {
        url: address(`${wire}{n}?`),
        method: 'PUT',
        headers: { ...headers, 'x-ms-blob-type': 'BlockBlob' },
      }
      await load({ ...puts, body: 'x'.repeat(256), connections: 32, seconds: 0, amount: overWire, from: put })
      put += overWire
      const each = ((processorSeconds(server.pid) - from) * 1000) / overWire
      measured(`  PUT of ${shown(overWire)} over 32 connections: of the processor`, [each], 'ms')
    }
    const loaded = residentMiB(server.pid)
    const samples: Record<string, Samples> = {}
    for (const [what, { query, shown }] of Object.entries(pagesAt(beforehand))) {
      const before = processorSeconds(server.pid)
      const { eachMs = [], bytes } = await ask({ do: 'page', url: address(query), headers, times })
      if (bytes !== shown) throw new Error(`${what}: ${bytes} entries instead of ${shown}`)
      samples[what] = [((processorSeconds(server.pid) - before) * 1000) / (times + 1)]
      measured(`  ${what}`, eachMs, 'ms')
      measured('    of the server’s processor', samples[what], 'ms')
    }
    const all = await ask({ do: 'list', url: address('many?restype=container&comp=list'), headers })
    if (all.bytes !== amount) throw new Error(`${all.bytes} names were listed`)
    measured('  all of them, 5,000 in a page', [all.ms], 'ms')
    measured('  resident at first', [idle], 'MiB')
    if (overWire > 0) measured('  resident after the PUTs', [loaded], 'MiB')
    measured('  resident after the lists', [residentMiB(server.pid)], 'MiB')
    measured('  most of it from start to end', [peakMiB(server.pid)], 'MiB', { atMost: 250 })
    perAmount.push(samples)
  }
  note(`${shown(steps.at(-1)?.amount ?? 0)} blobs to ${shown(steps[0]?.amount ?? 0)}:`)
  const [few = {}, many = {}] = [perAmount[0], perAmount.at(-1)]
  for (const what of Object.keys(few)) ratio(`  ${what}`, many[what] ?? [], few[what] ?? [], { atMost: 2 })
}

const shown = (amount: number) => amount.toLocaleString('en')

/** The same number of entries whatever the amount, which is that of the filler's. */
function pagesAt(amount: number): Record<string, { query: string; shown: number }> {
  const list = (query: string) => `many?restype=container&comp=list${query}`
  const behind = (number: number) => `&marker=${markerOf({ name: crowded + String(number).padStart(7, '0') })}`
  const inBig = amount * 0.9
  return {
    [`first page of ${page}`]: { query: list(`&maxresults=${page}`), shown: page },
    [`page of ${page / 2} in the middle, by its marker`]: {
      query: list(`&prefix=${crowded}&maxresults=${page / 2}${behind(inBig / 2)}`),
      shown: page / 2,
    },
    [`last ${page / 10}, by their marker`]: {
      query: list(`&prefix=${crowded}&maxresults=${page}${behind(inBig - page / 10 - 1)}`),
      shown: page / 10,
    },
    'prefix that 100 names have': { query: list(`&prefix=${crowded}00001`), shown: 100 },
    'delimiter: 50 entries, one of which holds nine of ten names': {
      query: list('&delimiter=/&maxresults=50'),
      shown: 50,
    },
    '10 by a tag that a hundredth has': {
      query: `?comp=blobs&where=${encodeURIComponent(`"share"='hundredth'`)}&maxresults=10`,
      shown: 10,
    },
  }
}

type Filling = { readonly program: string; readonly data: string; readonly from: number; readonly amount: number }

/** Fills most of the container while no server is running: over the wire a million would take most of an hour. */
async function filled({ program, data, from, amount }: Filling): Promise<Filled> {
  if (from === 0) {
    await using server = await openServer({ program, data, machines: 'none' })
    await accountOf(server)
  }
  const argv = [process.execPath, join(import.meta.dirname, 'programs', 'container-filler.ts')]
  return result<Filled>({ argv, input: { data, from, amount } })
}
