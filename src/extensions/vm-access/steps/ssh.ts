import type { Kept } from '../../host/backups.ts'
import { isVendorDropIn, packagedSshdConfig } from '../../host/distribution.ts'
import { contentHash, readStored, writeDurably } from '../../host/files.ts'
import { type Proof, putSshFiles, readSshFiles, replaceSshFiles, vendorText } from '../../host/sshd.ts'
import {
  type Admission,
  admissions,
  dropInFolder,
  resetFiles,
  type SshFiles,
  withAdmissions,
} from '../../host/sshd-config.ts'
import { configuredPorts, presentPorts } from '../../host/sshd-ports.ts'
import { findSshUnit, reloadPorts, reloadSshd, silentPorts } from '../../host/sshd-unit.ts'
import { seeSsh } from '../observe-ssh.ts'
import { neededAdmission } from '../plan.ts'
import { type Done, defineStep, type Host } from '../step.ts'

type Before = { readonly files: readonly Kept[]; readonly marker: Kept }

/** Keeps all files of sshd's configuration, as a generation that an operator can come back to. */
async function keepSshFiles({ backups }: Host): Promise<Before> {
  const files = []
  for (const path of readSshFiles().keys()) files.push(await backups.keep(path))
  await backups.nameSshGeneration(files)
  return { files, marker: await backups.keep(backups.restoredMarker) }
}

async function putBack({ files, marker }: Before, { backups, run }: Host): Promise<void> {
  await putSshFiles(filesOf(files), run)
  await backups.restore(marker)
  // With files that it refused before, the running sshd goes on as it did.
  if ((await configuredPorts(run)) !== undefined) await reloadSshd(await findSshUnit(run), run)
}

function filesOf(kept: readonly Kept[]): SshFiles {
  return new Map(
    kept.map(({ path, copy = '', mode, uid, gid }) => {
      const content = readStored(copy)?.content
      if (!content) throw new Error(`the backup of ${path} is gone`)
      return [path, { content, mode, uid, gid }]
    }),
  )
}

const listenPatienceMs = 5_000

/** Has the new files tried out, put in place and read by the running sshd, and makes sure that it still listens. */
async function change(wanted: SshFiles, proofs: readonly Proof[], host: Host): Promise<Done> {
  const { run, folder, backups } = host
  const former = readSshFiles()
  const formerPorts = await configuredPorts(run)
  await replaceSshFiles(wanted, { proofs, folder, run })
  const unit = await findSshUnit(run)
  if (formerPorts?.join() !== (await configuredPorts(run))?.join()) await reloadPorts(unit, run)
  const text = await reloadSshd(unit, run)
  const ports = await presentPorts(unit, run)
  const silent = unit.init === 'none' ? [] : await silentPorts(ports, listenPatienceMs)
  if (silent.length > 0) throw new Error(`nothing listens on port ${silent.join(' and ')} after sshd was reloaded`)
  const paths = [...new Set([...former.keys(), ...wanted.keys()])]
  const differing = paths.filter(path => !equal(former.get(path)?.content, wanted.get(path)?.content))
  return {
    text,
    changes: differing.map(path => ({
      what: path,
      ...hashed('before', former.get(path)?.content),
      ...hashed('after', wanted.get(path)?.content),
      backup: backups.id,
    })),
  }
}

const equal = (one: Buffer | undefined, other: Buffer | undefined) =>
  one === undefined || other === undefined ? one === other : one.equals(other)

const hashed = (key: 'before' | 'after', content: Buffer | undefined) =>
  content === undefined ? {} : { [key]: contentHash(content) }

export const admit = defineStep<'admit', Before>({
  name: 'ssh',
  before: (_step, host) => keepSshFiles(host),
  apply: ({ user, admission }, _before, host) => admitNow(user, admission, host),
  undo: (_step, before, host) => putBack(before, host),
})

export const admitAsNeeded = defineStep<'admit-as-needed', Before>({
  name: 'ssh',
  before: (_step, host) => keepSshFiles(host),
  async apply({ user, means }, _before, host) {
    const admission = neededAdmission(user, means, await seeSsh(user, host))
    if (Object.keys(admission).length > 0) return admitNow(user, admission, host)
    return { text: `sshd lets ${user} in as it is.`, changes: [] }
  },
  undo: (_step, before, host) => putBack(before, host),
})

async function admitNow(user: string, admission: Admission, host: Host): Promise<Done> {
  const files = readSshFiles()
  const present = admissions(files)
  const wanted = withAdmissions(
    files,
    new Map([...present, [user, { ...present.get(user), ...admission }]]),
    vendorText(),
  )
  const done = await change(wanted, [{ user, expected: admission }], host)
  const said = Object.entries(admission).map(([key, value]) => `${key} ${value}`)
  return { ...done, text: `sshd takes for ${user}: ${said.join(', ')}. ${done.text}` }
}

export const forgetAdmission = defineStep<'forget-admission', Before>({
  name: 'ssh',
  before: (_step, host) => keepSshFiles(host),
  async apply({ user }, _before, host) {
    const files = readSshFiles()
    const others = new Map([...admissions(files)].filter(([name]) => name !== user))
    const done = await change(withAdmissions(files, others, vendorText()), [], host)
    return { ...done, text: `sshd has no settings for ${user} any more. ${done.text}` }
  },
  undo: (_step, before, host) => putBack(before, host),
})

export const resetSsh = defineStep<'reset-ssh', Before>({
  name: 'reset_ssh',
  before: (_step, host) => keepSshFiles(host),
  async apply(_step, _before, host) {
    const { distribution, run } = host
    const wanted = resetFiles(readSshFiles(), {
      packaged: packagedSshdConfig(distribution),
      keep: path => isVendorDropIn(distribution, path.slice(dropInFolder.length + 1)),
      ports: await presentPorts(await findSshUnit(run), run),
    })
    const done = await change(wanted, [], host)
    return { ...done, text: `sshd has the configuration of its ${distribution.name} package. ${done.text}` }
  },
  undo: (_step, before, host) => putBack(before, host),
})

export const restoreSsh = defineStep<'restore-ssh', Before>({
  name: 'restore_backup_ssh',
  before: (_step, host) => keepSshFiles(host),
  async apply(_step, _before, host) {
    const { backups } = host
    const original = backups.sshOriginal()
    if (!original) throw new Error('there is no backup of the SSH configuration')
    const files = filesOf(original.files)
    const now = readSshFiles()
    // What an administrator has added since is not ours to remove; what we added is.
    const added = [...now].filter(([path]) => path.startsWith(`${dropInFolder}/`) && !path.includes('/00-lazuli-'))
    const done = await change(new Map([...added, ...files]), [], host)
    await writeDurably(backups.restoredMarker, backups.id, { mode: 0o600 })
    return { ...done, text: `sshd has the configuration of backup ${original.id}. ${done.text}` }
  },
  undo: (_step, before, host) => putBack(before, host),
})
