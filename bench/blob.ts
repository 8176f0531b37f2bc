import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { localhostCertificate } from './certificate.ts'
import { processorSeconds } from './cores.ts'
import type { Samples } from './figures.ts'
import { forgetPeak, openServer, peakMiB, residentMiB } from './lazuli.ts'
import { load } from './load.ts'
import { peer, peersFolder } from './peers.ts'
import { result, start } from './program.ts'
import type { Done, Task } from './programs/blob-client.ts'
import { heading, measured, note, ratio, type Unit } from './report.ts'
import { type Account, accountOf, signatureFor, version } from './storage-account.ts'

const rounds = 3
const seconds = 3
const mebibyte = 1024 * 1024
const kibibyte = 'x'.repeat(1024)
const listed = 10_000
const idleMs = 3_000

/** The blob service beside Azurite's: the same requests to both, in turn, each signed with a key of its account. */
export async function blob({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading('Blobs over TLS, signed; Lazuli’s writes are on disk before their answer, Azurite’s are not')
  await using server = await openServer({ program, data: join(folder, 'blob'), machines: 'none', side: 'server' })
  await using other = await openAzurite(join(folder, 'azurite-blob'))
  const ours = await accountOf(server)
  const theirs = other.account
  await pause(idleMs)
  const idle = [residentMiB(ours.pid), residentMiB(theirs.pid)] as const
  const sides = { ours: contestant(ours), theirs: contestant(theirs) }
  const { ours: us, theirs: them } = sides
  const name = peer('azurite')
  for (const side of [us, them]) await side.prepare()

  /** Both in turn, several times over. The first round only warms up. */
  const inTurn = async <Sample>(of: (side: Contestant) => Promise<Sample>) => {
    const samples = { ours: [] as Sample[], theirs: [] as Sample[] }
    for (let round = 0; round <= rounds; round++) {
      for (const [key, side] of [
        ['ours', us],
        ['theirs', them],
      ] as const) {
        const sample = await of(side)
        if (round > 0) samples[key].push(sample)
      }
    }
    return samples
  }
  const compare = (what: string, unit: Unit, samples: { ours: Samples; theirs: Samples }, bar?: number) => {
    measured(`${what}: Lazuli`, samples.ours, unit)
    measured(`${what}: ${name}`, samples.theirs, unit)
    ratio('  Lazuli to Azurite', samples.ours, samples.theirs, bar === undefined ? undefined : { atLeast: bar })
  }
  const compareRates = async (what: string, bar: number, of: (side: Contestant) => Promise<Rate>) => {
    const { ours, theirs } = await inTurn(of)
    const each = (metric: keyof Rate) => ({ ours: ours.map(r => r[metric]), theirs: theirs.map(r => r[metric]) })
    compare(what, 'per second', each('perSec'), bar)
    compare(what, 'per core second', each('perCoreSec'))
  }

  for (const connections of [1, 32]) {
    await compareRates(`PUT 1 KiB, ${connections} conn.`, 1.5, side => side.put(connections))
    await compareRates(`GET 1 KiB, ${connections} conn.`, 2, side => side.get(connections))
  }
  compare(`list of ${listed.toLocaleString('en')}`, 'ms', await inTurn(side => side.list()))
  compare('256 MiB up', 'MiB per second', await inTurn(side => side.upload(256)), 1)
  compare('256 MiB down', 'MiB per second', await inTurn(side => side.download(256)), 1)

  note('Resident memory:')
  const memory = (what: string, [of, against]: readonly [number, number]) => {
    measured(`${what}: Lazuli`, [of], 'MiB')
    measured(`${what}: ${name}, blob service alone`, [against], 'MiB')
    ratio('  Lazuli to Azurite', [of], [against])
  }
  memory('idle', idle)
  memory('after all of the above', [residentMiB(ours.pid), residentMiB(theirs.pid)])
  memory('most while 1 GiB goes up, then down', [await us.peakOf(1024), await them.peakOf(1024)])
}

type Rate = { readonly perSec: number; readonly perCoreSec: number }

type Contestant = ReturnType<typeof contestant>

function contestant({ pid, url, headers, sas }: Account) {
  const blobHeaders = { ...headers, 'x-ms-blob-type': 'BlockBlob' }
  const at = (path: string, query = '') => `${url}/${path}?${query}${sas}`
  let next = 0

  const rate = async (wish: Parameters<typeof load>[0]) => {
    const before = processorSeconds(pid)
    const outcome = await load(wish)
    next = Math.max(next, outcome.next)
    return { perSec: outcome.perSec, perCoreSec: outcome.requests / (processorSeconds(pid) - before) }
  }
  const client = (task: Task) => {
    const argv = [process.execPath, join(import.meta.dirname, 'programs', 'blob-client.ts')]
    return result<Done>({ argv, side: 'load', input: task })
  }
  const mibPerSec = async (mib: number, task: Task) => {
    const { ms, bytes } = await client(task)
    if (bytes !== mib * mebibyte) throw new Error(`${task.do}: ${bytes} bytes instead of ${mib} MiB`)
    return (mib * 1000) / ms
  }
  const upload = (mib: number) =>
    mibPerSec(mib, { do: 'upload', url: at('large/one'), headers: blobHeaders, bytes: mib * mebibyte })
  const download = (mib: number) => mibPerSec(mib, { do: 'download', url: at('large/one'), headers })
  const puts = (container: string, connections: number) => ({
    url: at(`${container}/blob-{n}`),
    method: 'PUT',
    headers: blobHeaders,
    body: kibibyte,
    connections,
    seconds,
  })

  return {
    upload,
    download,
    async prepare() {
      for (const container of ['small', 'listed', 'large']) {
        await client({ do: 'upload', url: at(container, 'restype=container&'), headers, bytes: 0 })
      }
      await load({ ...puts('listed', 32), amount: listed })
    },
    /** New blobs all along. */
    put: (connections: number) => rate({ ...puts('small', connections), from: next }),
    get: (connections: number) => rate({ url: at('small/blob-0'), method: 'GET', headers, connections, seconds }),
    async list() {
      const { ms, bytes } = await client({ do: 'list', url: at('listed', 'restype=container&comp=list&'), headers })
      if (bytes !== listed) throw new Error(`${bytes} names were listed`)
      return ms
    },
    async peakOf(mib: number) {
      forgetPeak(pid)
      await upload(mib)
      await download(mib)
      return peakMiB(pid)
    },
  }
}

/** Its blob service alone, data on disk, as its own command starts it. It would otherwise call home, hence --disableTelemetry. */
async function openAzurite(location: string) {
  mkdirSync(location, { recursive: true })
  const { key, cert } = await localhostCertificate(`${location}-ca`)
  const files = { key: `${location}.key`, cert: `${location}.crt` }
  writeFileSync(files.key, key, { mode: 0o600 })
  writeFileSync(files.cert, cert)
  const secret = randomBytes(64).toString('base64')
  const main = join(peersFolder, 'node_modules', 'azurite', 'dist', 'src', 'blob', 'main.js')
  const options = ['--location', location, '--silent', '--disableTelemetry', '--blobPort', '0']
  const program = start({
    argv: [process.execPath, main, ...options, '--key', files.key, '--cert', files.cert],
    side: 'server',
    env: { ...process.env, AZURITE_ACCOUNTS: `bench:${secret}` },
  })
  const ready = await program.line(line => line.startsWith('Azurite Blob service successfully listens on'))
  const url = `${/https:\/\/\S+/.exec(ready)?.[0].replace(/\/$/, '')}/bench`
  const account: Account = {
    pid: program.pid,
    url,
    headers: { 'x-ms-version': version },
    sas: signatureFor('bench', secret),
  }
  return Object.assign(program, { account })
}
