/** passwd(5), shadow(5), group(5) and login.defs(5), as text. */

export type Account = {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly comment: string
  readonly home: string
  readonly shell: string
}

export type Group = { readonly name: string; readonly gid: number; readonly members: readonly string[] }

/** Numbers are days since 1970, or lengths in days; undefined where the field is empty. */
export type Shadow = {
  readonly hash: string
  readonly lastChange: number | undefined
  readonly minDays: number | undefined
  readonly maxDays: number | undefined
  readonly warnDays: number | undefined
  readonly inactiveDays: number | undefined
  readonly expiryDay: number | undefined
}

const fieldsOf = (text: string, name: string): string[] | undefined =>
  text
    .split('\n')
    .find(line => line.startsWith(`${name}:`))
    ?.split(':')

/** Undefined when the text has no such account. */
export function findAccount(passwd: string, name: string): Account | undefined {
  const fields = fieldsOf(passwd, name)
  if (!fields) return undefined
  const [, , uid = '', gid = '', comment = '', home = '', shell = ''] = fields
  return { name, uid: Number(uid), gid: Number(gid), comment, home: plainPath(home), shell }
}

/** The same path without what stands for nothing: `/home//bob/` is where `/home/bob` is. `..` may cross a link and stays. */
export const plainPath = (path: string): string => path.replace(/\/(\.?\/)+/g, '/').replace(/(.)\/\.?$/, '$1')

export function findShadow(shadow: string, name: string): Shadow | undefined {
  const fields = fieldsOf(shadow, name)
  if (!fields) return undefined
  const [lastChange, minDays, maxDays, warnDays, inactiveDays, expiryDay] = fields.slice(2, 8).map(optionalNumber)
  return { hash: fields[1] ?? '', lastChange, minDays, maxDays, warnDays, inactiveDays, expiryDay }
}

const optionalNumber = (field: string) => (/^\d+$/.test(field) ? Number(field) : undefined)

export function listGroups(group: string): Group[] {
  return group
    .split('\n')
    .map(line => line.split(':'))
    .filter(fields => fields.length >= 4)
    .map(([name = '', , gid, members = '']) => ({
      name,
      gid: Number(gid),
      members: members.trim() === '' ? [] : members.trim().split(','),
    }))
}

/** Where accounts of people begin. 1000 everywhere but on very old systems, which say so in login.defs. */
export function leastUserId(loginDefs: string | undefined): number {
  const [, value] = /^\s*UID_MIN\s+(\d+)/m.exec(loginDefs ?? '') ?? []
  return value === undefined ? 1000 : Number(value)
}

/** The kernel's and everybody's nobody: what it may write, anybody may. */
export const nobodyId = 65_534

export const dayNumber = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000
export const dateOfDay = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10)
