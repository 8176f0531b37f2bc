import type { Kept } from '../../host/backups.ts'
import { contentHash } from '../../host/files.ts'
import { includeSudoersFolder, listRights, readSudoers, replaceSudoers } from '../../host/sudo.ts'
import { sudoersFile, withoutRule, withRule } from '../../host/sudoers.ts'
import { defineStep, type Host } from '../step.ts'

export const grantSudo = defineStep<'grant-sudo', Kept>({
  name: 'sudo',
  before: (_step, { backups }) => backups.keep(sudoersFile),
  async apply({ user, rule }, before, { folder, run, backups }) {
    const text = withRule(readSudoers(), user, rule)
    await replaceSudoers(text, folder, run)
    const rights = await listRights(user, run)
    const wanted =
      rule === 'passwordless' ? /^\s*\([^)]*\)\s+NOPASSWD: ALL\s*$/m : /^\s*\([^)]*\)\s+(PASSWD: )?ALL\s*$/m
    if (rights !== undefined && !wanted.test(rights))
      throw new Error(`sudo does not give ${user} the rule it was told to`)
    const last = rights?.trim().split('\n').at(-1)?.trim() ?? ''
    const isOverridden = rights !== undefined && !wanted.test(last)
    return {
      text: [
        `${user} may do all with sudo, ${rule === 'passwordless' ? 'without a password' : 'with its password'}.`,
        ...(isOverridden ? [`Another rule comes after and counts where it applies: ${last}`] : []),
        ...(rights === undefined ? ['sudo is not installed; the rule will hold when it is.'] : []),
      ].join(' '),
      changes: [change(before, text, backups.id)],
    }
  },
  undo: (_step, before, { backups }) => backups.restore(before),
})

/** Removes our rule for a user who is gone, so that nobody inherits it with the name. */
export async function revokeSudo(user: string, before: Kept, { folder, run, backups }: Host) {
  const text = withoutRule(readSudoers(), user)
  if (text === readSudoers()) return []
  await replaceSudoers(text, folder, run)
  return [change(before, text, backups.id)]
}

export const includeSudoers = defineStep<'include-sudoers', Kept>({
  name: 'sudo',
  before: (_step, { backups }) => backups.keep('/etc/sudoers'),
  async apply(_step, { hash }, { folder, run, backups }) {
    await includeSudoersFolder(folder, run)
    return {
      text: '/etc/sudoers did not read /etc/sudoers.d; now it does.',
      changes: [{ what: '/etc/sudoers', ...(hash === undefined ? {} : { before: hash }), backup: backups.id }],
    }
  },
  undo: (_step, before, { backups }) => backups.restore(before),
})

const change = ({ path, hash, copy }: Kept, text: string, backup: string) => ({
  what: path,
  ...(hash === undefined ? {} : { before: hash }),
  ...(text.trim() === '' ? {} : { after: contentHash(text) }),
  ...(copy === undefined ? {} : { backup }),
})
