import { join } from 'node:path'
import { openServer } from './lazuli.ts'
import { inTurn, load, loadPerCoreSecond } from './load.ts'
import { result } from './program.ts'
import { heading, measured, note, ratio } from './report.ts'

const rounds = 3
const seconds = 3

/** What the resource manager does in a second on one processor: durable writes, and reads that are authorized each. */
export async function writes({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading('Resource manager: every write on disk before its answer; every request authenticated, authorized, audited')
  await using server = await openServer({ program, data: join(folder, 'writes'), machines: 'none', side: 'server' })
  const { url, installation, client } = server
  const groups = `/subscriptions/${installation.administrator.subscriptionId}/resourcegroups`
  const group = (name: string) => `${groups}/${name}?api-version=2021-04-01`
  await client.ask('PUT', group('bench'), { location: 'westeurope' })
  const headers = { authorization: `Bearer ${await server.token()}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ location: 'westeurope' })
  const get = { url: url + group('bench'), method: 'GET', headers, connections: 32, seconds }

  // New groups all along: no write is spared because nothing changes.
  let from = 0
  const put = async (connections: number) => {
    const outcome = await load({
      url: url + group('bench-{n}'),
      method: 'PUT',
      headers,
      body,
      connections,
      seconds,
      from,
    })
    from = outcome.next
    return outcome.perSec
  }

  const insertions = [process.execPath, join(import.meta.dirname, 'programs', 'sqlite-inserts.ts')]
  const samples = await inTurn(rounds, {
    raw: async () =>
      (await result<{ perSec: number }>({ argv: insertions, side: 'server', input: { folder, seconds } })).perSec,
    alone: () => put(1),
    together: () => put(32),
    get: () => loadPerCoreSecond(server.pid, get),
  })
  measured('node:sqlite, one insert a commit, synchronous=FULL', samples.raw, 'per second')
  measured('PUT resource group, 1 connection', samples.alone, 'per second')
  measured('PUT resource group, 32 connections', samples.together, 'per second')
  ratio('  32 connections to node:sqlite', samples.together, samples.raw)
  ratio('  32 connections to 1: what a shared commit brings', samples.together, samples.alone)
  measured('GET resource group, 32 connections', samples.get, 'per core second')
  note(`${from.toLocaleString('en')} groups were made.`)
}
