/** The VMAccess extension in a real machine, called as a guest agent calls it. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { packageExtension } from '../../package-extensions.ts'
import type { Exec } from '../../src/server/machines/driver.ts'
import { machinePlace, site } from '../../src/server/machines/sandbox/site.ts'
import { type Created, openDriver, type Place, place, ssh as sshAsAdmin } from './rig.ts'

const execute = promisify(execFile)
const name = 'Microsoft.OSTCExtensions.VMAccessForLinux'
const lib = '/var/lib/waagent'
export const handler = `${lib}/${name}-1.5.0`
export const stateFolder = '/var/lib/lazuli/vm-access'

export type Settings = Readonly<Record<string, unknown>>

export type Substatus = { name: string; status: string; code: string; formattedMessage: { message: string } }
export type Status = {
  operation: string
  status: string
  code: string
  formattedMessage: { message: string }
  substatus: Substatus[]
}
export type Outcome = { readonly exitCode: number; readonly output: string; readonly status: Status }

export type VmAccess = {
  readonly at: Place
  readonly machine: Created
  /** Runs `enable` with the next number, the protected settings sealed to the machine. */
  enable(protectedSettings: Settings, publicSettings?: Settings): Promise<Outcome>
  /** Writes settings without enabling; returns their number. */
  write(protectedSettings: Settings, publicSettings?: Settings): Promise<number>
  /** Calls a command of the package, `program` being another one than the package's own. */
  call(command: string, sequence: number, program?: string): Promise<Exec>
  status(sequence: number): Promise<Status>
  sh(script: string): Promise<string>
  exec(argv: readonly string[], options?: { stdin?: string; timeoutMs?: number }): Promise<Exec>
  /** The file in the machine, seen from here. */
  path(inMachine: string): string
  ssh(command: string, as: { user: string; password?: string; identity?: string }): Promise<string>
}

/** A machine with an administrator who has a key, and the package unpacked in it. */
export async function openVmAccess(t: TestContext): Promise<VmAccess> {
  const at = await place(t)
  const { create, driver, sh } = await openDriver(at)
  const machine = await create({ computerName: 'vm1' })
  const root = machinePlace(site(at.instance, at.stateDir), machine.id).merged
  const path = (inMachine: string) => join(root, inMachine)
  const thumbprint = await unpack(at, path)

  let sequence = -1
  const write: VmAccess['write'] = async (protectedSettings, publicSettings = {}) => {
    sequence += 1
    const text = await settingsFile(at, { protectedSettings, publicSettings, thumbprint })
    await writeFile(path(`${handler}/config/${sequence}.settings`), text, { mode: 0o600 })
    return sequence
  }
  const exec: VmAccess['exec'] = (argv, options) => driver.exec(machine.id, argv, options)
  const call: VmAccess['call'] = (command, number, program = `${handler}/bin/vm-access`) => {
    const env = [`ConfigSequenceNumber=${number}`, 'AZURE_GUEST_AGENT_EXTENSION_VERSION=1.5.0']
    return exec(['env', '-C', handler, '-i', ...env, program, command])
  }
  const status: VmAccess['status'] = async number => {
    const [first] = JSON.parse(await readFile(path(`${handler}/status/${number}.status`), 'utf8'))
    return first.status
  }
  return {
    at,
    machine,
    write,
    call,
    status,
    exec,
    path,
    sh: script => sh(machine.id, script),
    async enable(protectedSettings, publicSettings) {
      const number = await write(protectedSettings, publicSettings)
      const { exitCode, stdout, stderr } = await call('enable', number)
      const output = stdout + stderr
      const reported = await status(number).catch((cause: unknown) => {
        throw new Error(`no status, but exit code ${exitCode}: ${output}`, { cause })
      })
      return { exitCode, output, status: reported }
    },
    ssh: (command, as) => sshAsAdmin(at, machine, command, as),
  }
}

/** Asserts that a run succeeded, and returns its status. */
export function succeeded({ exitCode, output, status }: Outcome): Status {
  assert.deepEqual(
    { exitCode, status: status.status },
    { exitCode: 0, status: 'success' },
    `${output}${JSON.stringify(status, null, 1)}`,
  )
  assert.equal(status.formattedMessage.message, 'Enable succeeded.')
  return status
}

/** Asserts that a run was refused, and returns the text of its status. */
export function refused({ exitCode, output, status }: Outcome): string {
  assert.deepEqual(
    { exitCode, status: status.status },
    { exitCode: 1, status: 'error' },
    `${output}${JSON.stringify(status, null, 1)}`,
  )
  return status.formattedMessage.message
}

async function unpack(at: Place, path: VmAccess['path']): Promise<string> {
  const built = await mkdtemp(join(at.folder, 'package-'))
  await packageExtension('vm-access', built)
  for (const folder of ['config', 'status']) await mkdir(path(`${handler}/${folder}`), { recursive: true, mode: 0o700 })
  await cp(built, path(handler), { recursive: true })
  const logFolder = `/var/log/azure/${name}`
  await mkdir(path(logFolder), { recursive: true })
  const folders = { logFolder, configFolder: `${handler}/config`, statusFolder: `${handler}/status` }
  const environment = [
    { name, version: 1.0, handlerEnvironment: { ...folders, heartbeatFile: `${handler}/heartbeat.log` } },
  ]
  await writeFile(path(`${handler}/HandlerEnvironment.json`), JSON.stringify(environment))

  const [crt, prv] = [join(at.folder, 'machine.crt'), join(at.folder, 'machine.prv')]
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=Test CRP']
  await execute('openssl', [...request, '-keyout', prv, '-out', crt])
  const { raw } = new X509Certificate(await readFile(crt))
  const thumbprint = createHash('sha1').update(raw).digest('hex').toUpperCase()
  await cp(crt, path(`${lib}/${thumbprint}.crt`))
  await cp(prv, path(`${lib}/${thumbprint}.prv`))
  return thumbprint
}

async function settingsFile(
  { folder }: Place,
  wish: { protectedSettings: Settings; publicSettings: Settings; thumbprint: string },
): Promise<string> {
  const plain = join(folder, 'protected.json')
  await writeFile(plain, JSON.stringify(wish.protectedSettings), { mode: 0o600 })
  const seal = ['cms', '-encrypt', '-binary', '-aes256', '-outform', 'DER', '-in', plain, join(folder, 'machine.crt')]
  const { stdout } = await execute('openssl', seal, { encoding: 'buffer' })
  const handlerSettings = {
    publicSettings: wish.publicSettings,
    protectedSettings: stdout.toString('base64'),
    protectedSettingsCertThumbprint: wish.thumbprint,
  }
  return JSON.stringify({ runtimeSettings: [{ handlerSettings }] })
}
