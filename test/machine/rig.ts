/** A machine driver of its own for each test, on a temporary state directory, with nothing left of it afterwards. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createSecureContext, TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { agentProgram } from '../../src/server/machines/agent-program.ts'
import type { Fabric, MachineDriver, MachineFacts, MachineSpec, PowerState } from '../../src/server/machines/driver.ts'
import { chooseDriver } from '../../src/server/machines/open.ts'
import { leftovers, type Snapshot, snapshot } from '../leftovers.ts'

const execute = promisify(execFile)

/** For the `skip` of every test here. */
export const notRoot =
  process.getuid?.() === 0 ? false : 'needs root: machines are made of mounts, namespaces and control groups'

export const limits = { skip: notRoot, timeout: 600_000 }

export const user = 'azureuser'

export type Place = {
  readonly folder: string
  readonly stateDir: string
  readonly instance: string
  readonly cacheDir: string
  /** Closed when the test ends, if the test has not. */
  readonly drivers: MachineDriver[]
}

/** Where the image cache of this user is, which the tests share with everything else. */
const cacheDir = join(homedir(), '.cache', 'lazuli', 'images')

/** A state directory and an instance name that nobody else uses; what is left of them at the end fails the test. */
export async function place(t: TestContext): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-machines-'))
  const made: Place = {
    folder,
    stateDir: join(folder, 'state'),
    instance: randomBytes(3).toString('hex'),
    cacheDir,
    drivers: [],
  }
  const before = snapshot(folder)
  t.after(async () => {
    for (const driver of made.drivers) await driver.close({ machines: 'keep' })
    // Whatever the test did or failed to do, a driver that wants no machine removes them all.
    const last = await openDriver(made)
    await last.driver.close({ machines: 'stop' })
    const left = traces(made, before)
    await rm(folder, { recursive: true, force: true })
    assert.deepEqual(left, [])
  })
  await makeKeys(folder)
  return made
}

/** What there is on this host of a place, one line each, that was not there before. */
export function traces({ folder, instance }: Place, before: Snapshot): string[] {
  return leftovers(before, snapshot(folder)).filter(line => line.includes(instance) || line.includes(folder))
}

export type Opened = {
  readonly driver: MachineDriver
  /** Creates a machine; every field that is not given is that of a small ordinary one. */
  create(wish?: Partial<Omit<MachineSpec, 'admin'>> & { admin?: Partial<MachineSpec['admin']> }): Promise<Created>
  sh(id: string, script: string): Promise<string>
  reached(id: string, state: PowerState): Promise<void>
}

export type Created = MachineFacts & { readonly id: string }

/** Opens a driver on `at` whose metadata address answers with the id of the machine that asks. */
export async function openDriver(at: Place, wanted: readonly string[] = []): Promise<Opened> {
  const fabric = await answeringFabric(at.folder)
  const warn = (details: unknown, message?: string) => {
    throw new Error(message, { cause: details })
  }
  const driver = await chooseDriver({ ...at, mode: 'sandbox', fabric, log: { warn } })
  await driver.open(wanted, () => undefined)
  at.drivers.push(driver)
  return {
    driver,
    async create(wish = {}) {
      const id = wish.id ?? randomUUID()
      const sshPublicKeys = [await readFile(join(at.folder, 'key.pub'), 'utf8')]
      const facts = await driver.create({
        computerName: `vm-${id.slice(0, 4)}`,
        image: 'server',
        cpus: 1,
        memoryMiB: 256,
        ...wish,
        id,
        admin: { username: user, sshPublicKeys, passwordAuthentication: false, ...wish.admin },
      })
      return { id, ...facts }
    },
    async sh(id, script) {
      const { exitCode, stdout, stderr } = await driver.exec(id, ['sh', '-c', script], { timeoutMs: 120_000 })
      assert.equal(exitCode, 0, `${script}: ${stderr}`)
      return stdout.trim()
    },
    reached: (id, state) =>
      new Promise(resolve => {
        const stop = driver.watch((changed, now) => {
          if (changed !== id || now !== state) return
          stop()
          resolve()
        })
      }),
  }
}

/** Runs a command over SSH, as the administrator if nobody else is named. The host key must be one of those that the driver named. */
export async function ssh(
  { folder }: Pick<Place, 'folder'>,
  { address, hostKeys }: Pick<MachineFacts, 'address' | 'hostKeys'>,
  command: string,
  {
    password,
    user: name = user,
    identity = join(folder, 'key'),
  }: { password?: string; user?: string; identity?: string } = {},
): Promise<string> {
  const knownHosts = join(folder, `known-${address}`)
  await writeFile(knownHosts, hostKeys.map(key => `${address} ${key.publicKey}\n`).join(''))
  const askPassword = join(folder, 'ask-password')
  await writeFile(askPassword, `#!/bin/sh\necho '${password ?? ''}'\n`)
  await chmod(askPassword, 0o700)
  const how = password === undefined ? 'publickey' : 'password'
  const options = [
    'NumberOfPasswordPrompts=1',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${knownHosts}`,
    `PreferredAuthentications=${how}`,
  ]
  const args = [...options.flatMap(option => ['-o', option]), '-F', 'none', '-i', identity]
  const env = { ...process.env, SSH_ASKPASS: askPassword, SSH_ASKPASS_REQUIRE: 'force' }
  const { stdout } = await execute('ssh', [...args, `${name}@${address}`, command], { env })
  return stdout.trim()
}

async function makeKeys(folder: string): Promise<void> {
  const at = (name: string) => join(folder, name)
  await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('key')])
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const ca = [
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-subj',
    '/CN=Test CA',
    '-days',
    '1',
  ]
  await execute('openssl', ca)
  const request = [
    'req',
    ...key,
    '-keyout',
    at('leaf.key'),
    '-out',
    at('leaf.csr'),
    '-subj',
    '/CN=management.azure.com',
  ]
  await execute('openssl', request)
  await writeFile(at('leaf.ext'), 'subjectAltName=DNS:management.azure.com\n')
  const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-days', '1', '-extfile', at('leaf.ext')]
  await execute('openssl', ['x509', '-req', '-in', at('leaf.csr'), ...signer, '-out', at('leaf.pem')])
}

async function answeringFabric(folder: string): Promise<Fabric> {
  const [caPem, key, cert] = await Promise.all(
    ['ca.pem', 'leaf.key', 'leaf.pem'].map(name => readFile(join(folder, name), 'utf8')),
  )
  assert.ok(caPem && key && cert)
  const secureContext = createSecureContext({ key, cert })
  const planes = createServer((_request, response) => response.end('plane'))
  return {
    caPem,
    agent: { ...(await agentProgram()), url: 'https://agent.lazuli.localhost', version: '0.0.0' },
    azureNames: ['management.azure.com', '.vault.azure.net'],
    serveMetadata(listener, machineAt) {
      const metadata = createServer((request, response) => response.end(machineAt(request.socket.remoteAddress ?? '')))
      listener.on('connection', (socket: Socket) => metadata.emit('connection', socket))
    },
    servePlanes(listener) {
      listener.on('connection', (socket: Socket) => {
        planes.emit('connection', new TLSSocket(socket, { isServer: true, secureContext }))
      })
    },
  }
}
