import { join } from 'node:path'
import { markerOf } from '../src/server/planes/blob/paging.ts'
import { processorSeconds } from './cores.ts'
import type { Samples } from './figures.ts'
import { forgetPeak, openServer, peakMiB, residentMiB } from './lazuli.ts'
import { result } from './program.ts'
import type { Done, Task } from './programs/blob-client.ts'
import type { Filled } from './programs/container-filler.ts'
import { heading, measured, note, ratio } from './report.ts'
import { accountOf } from './storage-account.ts'

const amounts = [1_000, 100_000, 1_000_000]
const times = 100
const page = 500
/** As the filler names them: nine of ten are here. */
const crowded = 'big/'

/**
 * Pages of the list of one container, while there is more and more in it: what a page takes is to depend on its own size
 * alone. Ratios are of the server's processor time, which others at work on the same host change less than the time.
 */
export async function manyBlobs({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading('Lists of one container over TLS, signed, one connection')
  const data = join(folder, 'many-blobs')
  const perAmount: Record<string, Samples>[] = []
  for (const [at, amount] of amounts.entries()) {
    const before = await filled({ program, data, from: amounts[at - 1] ?? 0, amount })
    note(`${amount.toLocaleString('en')} blobs, ${before.put.toLocaleString('en')} put in ${before.seconds} s:`)
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
    forgetPeak(server.pid)
    const samples: Record<string, Samples> = {}
    for (const [what, { query, shown }] of Object.entries(pagesAt(amount))) {
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
    measured('  resident before', [idle], 'MiB')
    measured('  resident after', [residentMiB(server.pid)], 'MiB')
    measured('  most of it in between', [peakMiB(server.pid)], 'MiB', { atMost: 250 })
    perAmount.push(samples)
  }
  note(`${amounts.at(-1)?.toLocaleString('en')} blobs to ${amounts[0]?.toLocaleString('en')}:`)
  const [few = {}, many = {}] = [perAmount[0], perAmount.at(-1)]
  for (const what of Object.keys(few)) ratio(`  ${what}`, many[what] ?? [], few[what] ?? [], { atMost: 2 })
}

/** The same number of entries whatever the amount. */
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

/** Fills the container up while no server is running: over the wire this would take most of an hour. */
async function filled({ program, data, from, amount }: Filling): Promise<Filled> {
  if (from === 0) {
    await using server = await openServer({ program, data, machines: 'none' })
    await accountOf(server)
  }
  const argv = [process.execPath, join(import.meta.dirname, 'programs', 'container-filler.ts')]
  return result<Filled>({ argv, input: { data, from, amount } })
}
