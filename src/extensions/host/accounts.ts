/**
 * Accounts of this machine, read from its files and changed by its own programs: shadow-utils, or busybox where that is
 * all there is. The programs lock the files, keep them consistent, and know what else belongs to an account.
 */

import { setTimeout as pause } from 'node:timers/promises'
import {
  type Account,
  dateOfDay,
  findAccount,
  findShadow,
  leastUserId,
  listGroups,
  plainPath,
  type Shadow,
} from './account-files.ts'
import { isReadOnly, readTextIfPresent } from './files.ts'
import { CommandFailed, findProgram, type Run, type RunOptions } from './run.ts'

export type Accounts = ReturnType<typeof openAccounts>

const lockPatienceMs = 15_000

export function openAccounts(run: Run) {
  const passwd = () => readTextIfPresent('/etc/passwd') ?? ''
  const shadow = () => readTextIfPresent('/etc/shadow') ?? ''
  const groups = () => listGroups(readTextIfPresent('/etc/group') ?? '')
  const hasShadowUtils = findProgram('useradd') !== undefined

  /** Another program may be at work on the same files: an agent, a package, an administrator. */
  async function patiently(command: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
    for (const endMs = Date.now() + lockPatienceMs; ; await pause(250)) {
      try {
        await run(command, args, options)
        return
      } catch (error) {
        const isLocked = error instanceof CommandFailed && /cannot lock|unable to lock|locked/i.test(error.message)
        // They say the same where no lock can ever be made.
        if (!isLocked || isReadOnly('/etc') || Date.now() > endMs) throw error
      }
    }
  }

  return {
    /** Looks in the machine's own files only: accounts of a directory service are not ours to change. */
    find: (name: string): Account | undefined => findAccount(passwd(), name),
    shadow: (name: string): Shadow | undefined => findShadow(shadow(), name),
    /** Whether a directory service knows the name, which then must not be given to somebody else. */
    async isForeign(name: string): Promise<boolean> {
      if (findAccount(passwd(), name) || !findProgram('getent')) return false
      return (await run('getent', ['passwd', '--', name], { anyExit: true })).exitCode === 0
    },
    groups,
    leastUserId: () => leastUserId(readTextIfPresent('/etc/login.defs')),
    /** Others whose home is the same folder. */
    sharesHome: ({ name, home }: Account) =>
      passwd()
        .split('\n')
        .some(line => !line.startsWith(`${name}:`) && plainPath(line.split(':')[5] ?? '') === home),

    /** Where the home of a new account will be. */
    async homeOfNew(name: string): Promise<string> {
      const defaults = hasShadowUtils ? (await run('useradd', ['-D'], { anyExit: true })).stdout.toString('utf8') : ''
      const [, folder = '/home'] = /^HOME=(\/.*)$/m.exec(defaults) ?? []
      return plainPath(`${folder}/${name}`)
    },

    async create(name: string, { shell, expiration }: { shell: string; expiration?: string }): Promise<void> {
      if (!hasShadowUtils) {
        await patiently('adduser', ['-D', '-s', shell, name])
        return
      }
      const expiry = expiration === undefined ? [] : ['-e', expiration]
      await patiently('useradd', ['-m', '-s', shell, ...expiry, '--', name])
    },

    /** Puts an account back that was there before, with all but its password and its days. */
    async recreate({ name, uid, gid, comment, home, shell }: Account, memberOf: readonly string[]): Promise<void> {
      if (!groups().some(group => group.gid === gid)) await patiently('groupadd', ['-g', String(gid), '--', name])
      const also = memberOf.length === 0 ? [] : ['-G', memberOf.join(',')]
      const identity = ['-u', String(uid), '-g', String(gid), '-c', comment, '-d', home, '-s', shell]
      await patiently('useradd', ['-M', '-o', ...identity, ...also, '--', name])
    },

    /** Removes the account and its own group, and neither its home nor its mail. */
    async remove(name: string): Promise<void> {
      if (findAccount(passwd(), name)) {
        await (hasShadowUtils ? patiently('userdel', ['--', name]) : patiently('deluser', [name]))
      }
      const own = groups().find(group => group.name === name && group.members.length === 0)
      const isInUse = passwd()
        .split('\n')
        .some(line => line.split(':')[3] === String(own?.gid))
      if (own && !isInUse) await (hasShadowUtils ? patiently('groupdel', [name]) : patiently('delgroup', [name]))
    },

    /** Sets the password by the system's rules for hashes; PAM's quality checks have their say where they apply to root. */
    async setPassword(name: string, password: string): Promise<void> {
      await patiently('chpasswd', [], { stdin: `${name}:${password}\n` })
      const { hash = '' } = findShadow(shadow(), name) ?? {}
      // chpasswd has been seen to report success with a hash that opens nothing, such as '*0'.
      if (!hash.startsWith('$')) throw new Error(`chpasswd left ${name} without a usable password hash`)
    },

    /** Writes the hash field as it is: also '!' and '*', which open to keys only. */
    setHash: (name: string, hash: string) => patiently('chpasswd', ['-e'], { stdin: `${name}:${hash}\n` }),

    /** The first day on which the account is closed; 'never' opens it for good. */
    async setExpiration(name: string, expiration: string): Promise<void> {
      if (!findProgram('chage')) throw new Error('this system has no chage, so its accounts cannot expire')
      await patiently('chage', ['-E', expiration === 'never' ? '-1' : expiration, '--', name])
    },

    /** Has the password count as changed on a day. */
    async renewPasswordAge(name: string, day: number): Promise<void> {
      if (!findProgram('chage')) throw new Error('this system has no chage, and so no age of passwords')
      await patiently('chage', ['-d', dateOfDay(day), '--', name])
    },

    /** Lets nobody in any more, by password or by key. Without chage, ending sessions and removing must do. */
    async closeNow(name: string): Promise<void> {
      if (findProgram('chage')) await patiently('chage', ['-E', '1', '--', name])
    },

    /** Puts the days of an account back as they were. */
    async setDays(name: string, days: Shadow): Promise<void> {
      if (!findProgram('chage')) return
      const day = (value: number | undefined) => (value === undefined ? '-1' : dateOfDay(value))
      const length = (value: number | undefined) => String(value ?? -1)
      await patiently('chage', [
        ...['-d', day(days.lastChange), '-E', day(days.expiryDay), '-I', length(days.inactiveDays)],
        ...['-m', length(days.minDays), '-M', length(days.maxDays), '-W', length(days.warnDays), '--', name],
      ])
    },

    /** pam_faillock counts failures, and a locked-out administrator has made many. */
    async forgetFailures(name: string): Promise<void> {
      if (findProgram('faillock')) await run('faillock', ['--user', name, '--reset'], { anyExit: true })
    },
  }
}
