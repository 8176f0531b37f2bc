/** Lets the users and groups of a certificate read it: the file, and the way to it. */

import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  type AclSubject,
  aclSubject,
  grant,
  hasAclTools,
  isAclFailure,
  type Principal,
  withdraw,
} from '../../host/acl.ts'
import { statIfPresent } from '../../host/files.ts'
import type { Run } from '../../host/run.ts'
import type { Records } from './records.ts'

export type Readers = {
  readonly subjects: readonly AclSubject[]
  /** What could not be granted, and why: it is tried again with every poll. */
  readonly remarks: readonly string[]
}

/** The only folder above a store that is opened up: Azure's agent makes it 0700, and the default store is in it. */
const agentsFolder = '/var/lib/waagent'

const someoneElse = 0o001

/** Who of these exists. To be asked anew with every poll: an account may come later, by another extension. */
export async function existing(principals: readonly Principal[], run: Run): Promise<Readers> {
  if (principals.length === 0) return { subjects: [], remarks: [] }
  if (!hasAclTools())
    return { subjects: [], remarks: ['setfacl is not there, so nobody but root can read it: install the package acl'] }
  const found = await Promise.all(principals.map(async one => ({ one, subject: await aclSubject(one, run) })))
  return {
    subjects: [...new Set(found.flatMap(({ subject }) => subject ?? []))],
    remarks: found
      .filter(({ subject }) => subject === undefined)
      .map(({ one: { kind, name } }) => `There is no ${kind} '${name}' yet`),
  }
}

/** Brings the entries of one file or folder from those that were made to those that are wanted. Returns what holds now. */
export async function reconcile(
  path: string,
  { made, wanted }: { made: readonly AclSubject[]; wanted: readonly AclSubject[] },
  permissions: 'r' | 'x' | 'rx',
  run: Run,
): Promise<Readers> {
  const remarks: string[] = []
  const hold = new Set(made)
  const attempt = async (subject: AclSubject, work: () => Promise<void>) => {
    await work().catch(error => {
      if (!isAclFailure(error)) throw error
      remarks.push(`The access of ${subject} could not be set: ${error.message}`)
    })
  }
  for (const subject of wanted.filter(one => !made.includes(one)))
    await attempt(subject, async () => {
      await grant(path, subject, permissions, run)
      hold.add(subject)
    })
  for (const subject of made.filter(one => !wanted.includes(one)))
    await attempt(subject, async () => {
      await withdraw(path, subject, run)
      hold.delete(subject)
    })
  return { subjects: [...hold], remarks }
}

/** The folders on the way to a store through which not everybody may pass; those that are none of ours are only named. */
export function closedFolders(store: string): { readonly own: readonly string[]; readonly foreign: readonly string[] } {
  const above: string[] = []
  for (let path = store; ; path = dirname(path)) {
    above.push(path)
    if (path === '/') break
  }
  const closed = above.filter(path => (statSync(path).mode & someoneElse) === 0)
  const isOwn = (path: string) => path === store || path === agentsFolder
  return { own: closed.filter(isOwn), foreign: closed.filter(path => !isOwn(path)) }
}

/** Takes back what was granted on folders that nobody needs to pass through any more. */
export async function closeFolders(
  records: Records,
  needed: readonly { readonly store: string; readonly subjects: readonly AclSubject[] }[],
  run: Run,
): Promise<void> {
  for (const [path, made] of Object.entries(records.folders)) {
    if (path.endsWith('.split')) continue
    const wanted = new Set(needed.filter(({ store }) => isOnTheWay(path, store)).flatMap(({ subjects }) => subjects))
    const keep = made.filter(one => wanted.has(one))
    if (keep.length === made.length || !statIfPresent(path)) continue
    records.folders[path] = (await reconcile(path, { made, wanted: keep }, 'x', run)).subjects
  }
}

const isOnTheWay = (path: string, store: string) => store === path || store.startsWith(`${path}/`)
