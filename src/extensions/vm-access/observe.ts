import { HandlerFailure } from '../handler/failure.ts'
import type { Accounts } from '../host/accounts.ts'
import { statIfPresent } from '../host/files.ts'
import { closedPorts } from '../host/firewall.ts'
import { readSshFiles } from '../host/sshd.ts'
import { admissions } from '../host/sshd-config.ts'
import { reachablePorts } from '../host/sshd-ports.ts'
import { readSudoers, sudoReadsFolder } from '../host/sudo.ts'
import { sudoRule } from '../host/sudoers.ts'
import { readUserFile, UnsafePath } from '../host/user-files.ts'
import { seeSsh } from './observe-ssh.ts'
import type { Seen, SeenUser } from './plan.ts'
import type { Wish } from './settings.ts'
import type { Host } from './step.ts'
import { findKeyFile } from './steps/keys.ts'

/** Looks at all that a plan for the wish depends on. Changes nothing. */
export async function observe(wish: Wish, host: Host, today: string): Promise<Seen> {
  const { accounts, run } = host
  const name = wish.user?.name
  return {
    leastUserId: accounts.leastUserId(),
    today: Date.parse(`${today}T00:00:00Z`) / 86_400_000,
    shell: statIfPresent('/bin/bash') ? '/bin/bash' : '/bin/sh',
    sudoReadsFolder: sudoReadsFolder(),
    user: name === undefined ? undefined : await seeUser(name, accounts),
    removeUser: wish.removeUser === undefined ? undefined : await seeUser(wish.removeUser, accounts),
    keyLines:
      wish.user && (wish.user.keys.length > 0 || wish.user.removePriorKeys) ? await seeKeys(wish, host) : undefined,
    ssh: await seeSsh(name, host),
    closedPorts: wish.ssh === undefined ? [] : await closedPorts(await reachablePorts(run), run),
  }
}

async function seeUser(name: string, accounts: Accounts): Promise<SeenUser> {
  return {
    account: accounts.find(name),
    shadow: accounts.shadow(name),
    isForeign: await accounts.isForeign(name),
    hasGroup: accounts.groups().some(group => group.name === name),
    sudo: sudoRule(readSudoers(), name),
    isAdmitted: admissions(readSshFiles()).has(name),
  }
}

/** The lines of the user's file of keys. What makes writing to it unsafe is found here, before anything is changed. */
async function seeKeys({ user, removeUser }: Wish, host: Host): Promise<string[] | undefined> {
  const account = user && user.name !== removeUser ? host.accounts.find(user.name) : undefined
  if (!account || account.uid < host.accounts.leastUserId()) return undefined
  try {
    const { owner, base, path } = await findKeyFile(account, host)
    return readUserFile(owner, base, path)?.content.toString('utf8').split('\n')
  } catch (error) {
    if (error instanceof UnsafePath) throw new HandlerFailure(error.message)
    throw error
  }
}
