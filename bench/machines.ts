import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { MachineStatus } from '../src/cli/server-status.ts'
import { instanceOf } from '../src/server/config.ts'
import { generateSshKeyPair } from '../src/server/ssh/key-pair.ts'
import { isErrno } from '../src/server/store/durable-file.ts'
import { leftovers, snapshot } from '../test/leftovers.ts'
import { openServer, type Server } from './lazuli.ts'
import { distribution, heading, note } from './report.ts'

const oneByOne = 10
const atOnce = 20
const createLimitMs = 120_000
const retryMs = 5

/** From the answer that accepts a machine to the banner of its sshd, and what twenty of them take. */
export async function machines({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading('Sandbox machines: a whole Debian with systemd and sshd each')
  if (process.getuid?.() !== 0) {
    note('Not measured: machines need root.')
    return
  }
  const data = join(folder, 'machines')
  const before = snapshot(data)
  {
    await using server = await openServer({ program, data, machines: 'sandbox' })
    const group = await openGroup(server)
    // The first one may have to wait for the image.
    await group.remove(await group.create('first'))
    await measureOneByOne(group)
    await measureAtOnce(group, data)
  }
  const left = leftovers(before, snapshot(data)).filter(line => line.includes(instanceOf(data)) || line.includes(data))
  note(left.length === 0 ? 'Nothing of them was left on the host.' : `Left on the host: ${left.join('; ')}`)
}

async function measureOneByOne(group: Group): Promise<void> {
  const made: Made[] = []
  for (let round = 0; round < oneByOne; round++) {
    const machine = await group.create(`single${round}`)
    made.push(machine)
    await group.remove(machine)
  }
  const banner = made.map(({ acceptedMs, bannerMs }) => bannerMs - acceptedMs)
  distribution('one at a time: accepted to SSH banner', banner, 'ms', { atMost: 1_200 })
  distribution(
    '  request to accepted',
    made.map(({ acceptedMs }) => acceptedMs),
    'ms',
  )
}

async function measureAtOnce(group: Group, data: string): Promise<void> {
  const from = performance.now()
  const made = await Promise.all(Array.from({ length: atOnce }, (_, index) => group.create(`many${index}`)))
  const all = performance.now() - from
  const banner = made.map(({ acceptedMs, bannerMs }) => bannerMs - acceptedMs)
  distribution(`${atOnce} at once: accepted to SSH banner`, banner, 'ms')
  note(`All ${atOnce} had a banner ${(all / 1000).toFixed(1)} s after the first request.`)
  await pause(5_000)
  const { processes, memory } = insideMiB(data)
  note(
    `Idle, each runs ${(processes / atOnce).toFixed(0)} processes that take ${(memory / atOnce).toFixed(1)} MiB together.`,
  )
  await Promise.all(made.map(machine => group.remove(machine)))
}

export type Made = { readonly name: string; readonly acceptedMs: number; readonly bannerMs: number }

export type Group = {
  /** The machine's path in the resource manager, without a version. */
  pathOf(name: string): string
  /** Times are counted from the request. */
  create(name: string): Promise<Made>
  /** Resolves when it is gone. */
  remove(machine: Made): Promise<void>
}

export async function openGroup({ client, installation }: Server): Promise<Group> {
  const group = `/subscriptions/${installation.administrator.subscriptionId}/resourceGroups/bench`
  await client.ask('PUT', `${group}?api-version=2021-04-01`, { location: 'westeurope' })
  const { publicKey } = await generateSshKeyPair('Ed25519', 'bench')
  const version = 'api-version=2024-11-01'
  const pathOf = (name: string) => `${group}/providers/Microsoft.Compute/virtualMachines/${name}`

  async function addressOf(name: string): Promise<string> {
    for (const until = performance.now() + createLimitMs; performance.now() < until; await pause(retryMs)) {
      const { value } = await client.ask<{ value: MachineStatus[] }>('GET', '/providers/Lazuli.Server/machines')
      const machine = value.find(one => one.name === name)
      if (machine?.address) return machine.address
      if (machine?.provisioningState === 'Failed') throw new Error(`${name} could not be made; lazuli logs says why`)
    }
    throw new Error(`${name} has no address`)
  }

  return {
    pathOf,
    async create(name) {
      const from = performance.now()
      await client.ask('PUT', `${pathOf(name)}?${version}`, machineBody(name, publicKey))
      const acceptedMs = performance.now() - from
      await sshBanner(await addressOf(name))
      return { name, acceptedMs, bannerMs: performance.now() - from }
    },
    async remove({ name }) {
      await client.ask('DELETE', `${pathOf(name)}?${version}`)
      while ((await client.send('GET', `${pathOf(name)}?${version}`)).status !== 404) await pause(20)
    },
  }
}

const machineBody = (computerName: string, keyData: string) => ({
  location: 'westeurope',
  identity: { type: 'SystemAssigned' },
  properties: {
    hardwareProfile: { vmSize: 'Standard_B1s' },
    storageProfile: {
      imageReference: { publisher: 'Debian', offer: 'debian-12', sku: '12-gen2', version: 'latest' },
      osDisk: { createOption: 'FromImage' },
    },
    osProfile: {
      computerName,
      adminUsername: 'azureuser',
      linuxConfiguration: {
        disablePasswordAuthentication: true,
        ssh: { publicKeys: [{ path: '/home/azureuser/.ssh/authorized_keys', keyData }] },
      },
    },
    networkProfile: { networkInterfaces: [] },
  },
})

/** Resolves when something at port 22 says that it speaks SSH. */
async function sshBanner(address: string): Promise<void> {
  for (const until = performance.now() + createLimitMs; performance.now() < until; await pause(retryMs)) {
    if ((await firstLine(address))?.startsWith('SSH-2.0-')) return
  }
  throw new Error(`${address} has no SSH banner`)
}

const firstLine = (host: string) =>
  new Promise<string | undefined>(resolve => {
    const socket = connect({ host, port: 22, timeout: 1_000 })
    const done = (line?: string) => {
      socket.destroy()
      resolve(line)
    }
    socket.once('data', chunk => done(chunk.toString('latin1')))
    for (const event of ['timeout', 'error', 'close']) socket.once(event, () => done())
  })

/**
 * What the processes inside all machines take, a page that several share counted in parts: Pss of proc_pid_smaps(5).
 * They are known by the name of the installation's control group.
 */
function insideMiB(data: string): { processes: number; memory: number } {
  const group = `/lazuli-${instanceOf(data)}/`
  const sizes = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      try {
        if (!readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(group)) return []
        return Number(/^Pss:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024
      } catch (error) {
        // It ended while we looked.
        if (isErrno(error, 'ENOENT') || isErrno(error, 'ESRCH')) return []
        throw error
      }
    })
  return { processes: sizes.length, memory: sizes.reduce((sum, size) => sum + size, 0) }
}
