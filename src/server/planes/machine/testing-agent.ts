/**
 * A machine that is a folder, with the real agent in it, which speaks to the real server through its door. Its handlers
 * are shell scripts, and really run: on this host, in that folder.
 */

import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runAgent } from '../../../agent/agent.ts'
import { machineToken } from '../../../agent/identity.ts'
import { azureTimeLimits, type TimeLimits } from '../../../agent/runner/handler-command.ts'
import type { Send } from '../../../agent/server.ts'
import type { MachineDriver } from '../../machines/driver.ts'
import { recordedMachines } from '../../machines/none.ts'
import { type Answer, type Group, machineBody, openGroup } from '../../resources/microsoft.compute/testing-machines.ts'
import { machinePlane } from './plane.ts'

export type AgentRig = Group & {
  readonly folder: string
  readonly machineId: string
  readonly key: KeyObject
  /** `Microsoft.Compute/virtualMachines/vm1` */
  readonly vm: string
  /** A request to the machine plane as the machine, or with another token. */
  ask(method: string, path: string, options?: { token?: string; body?: unknown; etag?: string }): Promise<Response>
  publish(file: string, content: Buffer): Promise<void>
  put(name: string, properties: object): Promise<Answer>
  apply(name: string, properties: object): Promise<{ status: string; error?: { code: string; message?: string } }>
  /** The agent runs from then on, until the function that is returned is called. */
  startAgent(wish?: { limits?: Partial<TimeLimits>; pauseMs?: number }): () => Promise<void>
  read(path: string): Promise<string>
}

export async function openAgentRig(t: TestContext): Promise<AgentRig> {
  // Before the server's own end: an agent asks as long as it runs.
  const running = new Set<() => Promise<void>>()
  t.after(async () => {
    for (const stop of running) await stop()
  })
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-agent-'))
  t.after(() => rm(folder, { recursive: true }))
  const { privateKey: key, publicKey } = generateKeyPairSync('ed25519')
  const group = await openGroup(t, {
    driver: folderDriver(folder, publicKey.export({ type: 'spki', format: 'der' }).toString('base64')),
    planes: parts => [machinePlane(parts)],
  })
  const { lazuli, send, finish } = group
  const vm = 'Microsoft.Compute/virtualMachines/vm1'
  assert.equal((await finish('PUT', vm, machineBody())).status, 'Succeeded')
  const machineId: string = (await send('GET', vm)).body.properties.vmId

  const request = (
    method: string,
    path: string,
    options: { token?: string; headers?: Record<string, string>; body?: unknown; signal?: AbortSignal },
  ) =>
    lazuli.request(method, `https://agent.lazuli.localhost${path}`, {
      token: machineToken({ machineId, key }, Date.now()),
      ...options,
    })
  const toServer =
    (signal: AbortSignal): Send =>
    async (method, path, { headers = {}, body } = {}) => {
      const response = await request(method, path, { headers, body, signal })
      return {
        status: response.status,
        header: name => response.headers.get(name) ?? undefined,
        body: response.body ?? new Blob([]).stream(),
      }
    }

  return {
    ...group,
    folder,
    machineId,
    key,
    vm,
    ask: (method, path, { token, body, etag } = {}) =>
      request(method, path, {
        ...(token === undefined ? {} : { token }),
        ...(etag === undefined ? {} : { headers: { 'if-none-match': etag } }),
        body,
      }),
    async publish(file, content) {
      const admin = await lazuli.adminToken()
      const url = `/providers/Lazuli.Server/extensionPackages/${file}`
      const response = await lazuli.request('PUT', url, { token: admin, body: new Uint8Array(content) })
      assert.equal(response.status, 201, await response.text())
    },
    put: (name, properties) => send('PUT', `${vm}/extensions/${name}`, { location: 'westeurope', properties }),
    apply: (name, properties) => finish('PUT', `${vm}/extensions/${name}`, { location: 'westeurope', properties }),
    startAgent({ limits = {}, pauseMs = 20 } = {}) {
      const ending = new AbortController()
      const ended = runAgent({
        send: toServer(ending.signal),
        layout: { lib: join(folder, 'lib'), log: join(folder, 'log') },
        state: join(folder, 'state'),
        root: folder,
        environment: { PATH: process.env.PATH ?? '', PLACE: folder },
        limits: { ...azureTimeLimits, ...limits },
        now: Date.now,
        random: () => 0,
        // Whatever an agent waits for, a test need not wait for as long.
        pause: async ms => {
          await sleep(Math.min(ms, pauseMs), undefined, { signal: ending.signal }).catch(() => undefined)
        },
        log: () => undefined,
        version: '9.8.7',
        signal: ending.signal,
      })
      const stop = async () => {
        running.delete(stop)
        ending.abort()
        await ended
      }
      running.add(stop)
      return stop
    },
    read: path => readFile(join(folder, path), 'utf8'),
  }
}

/** Machines with an address and an agent's key, whose power is only recorded. */
function folderDriver(folder: string, agentKey: string): MachineDriver {
  const driver = recordedMachines(join(folder, 'machines'), [])
  return {
    ...driver,
    kind: 'sandbox',
    async create(spec) {
      await mkdir(folder, { recursive: true })
      return { ...(await driver.create(spec)), address: '10.0.0.4', os: { name: 'Debian', version: '12' }, agentKey }
    },
  }
}
