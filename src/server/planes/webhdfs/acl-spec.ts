import type { FileAcl, NamedEntry, Permissions } from '../../store/data-lake-files.ts'
import { type Bits, rwx } from './acl.ts'
import { illegalArgument } from './refusals.ts'

/** One entry of a list as clients write it: `default:user:<object id>:r-x`. */
export type SpecEntry = {
  readonly isDefault: boolean
  readonly kind: 'user' | 'group' | 'mask' | 'other'
  /** Empty for the owner, the owning group, the mask and everybody else. */
  readonly id: string
  readonly bits: Bits
}

const form = /^(default:)?(user|group|mask|other):([^:,]*)(?::([r-][w-][x-]))?$/i
const mostEntries = 32

/** Throws 400. Entries that are to be removed have no permission. */
export function readAclSpec(spec: string | undefined, { withBits }: { withBits: boolean }): readonly SpecEntry[] {
  if (!spec) throw illegalArgument('The parameter aclspec is missing.')
  const entries = spec
    .split(',')
    .filter(text => text !== '')
    .map(text => readEntry(text.trim(), withBits))
  const keys = entries.map(({ isDefault, kind, id }) => `${isDefault}:${kind}:${id.toLowerCase()}`)
  const twice = entries.find((_, i) => keys.indexOf(keys[i] ?? '') !== i)
  if (entries.length === 0 || twice) {
    throw illegalArgument(twice ? `An entry is given more than once: ${spec}` : 'The parameter aclspec is empty.')
  }
  return entries
}

function readEntry(text: string, withBits: boolean): SpecEntry {
  const match = form.exec(text)
  if (!match) throw illegalArgument(`Invalid ACL entry: ${text}`)
  const [, isDefault, kindText = '', id = '', permission] = match
  const kind = kindText.toLowerCase() as SpecEntry['kind']
  if (withBits && permission === undefined) throw illegalArgument(`The permission is missing: ${text}`)
  if ((kind === 'mask' || kind === 'other') && id !== '') throw illegalArgument(`Invalid ACL entry: ${text}`)
  return { isDefault: isDefault !== undefined, kind, id: id.toLowerCase(), bits: bitsOf(permission ?? '---') }
}

/** Of `r-x`. */
export const bitsOf = (text: string): Bits =>
  [...text].reduce((bits, letter, at) => bits | (letter === '-' ? 0 : 4 >> at), 0)

/** Replaces the access entries; default ones, too, if there are any among the new ones. */
export function replaced(acl: FileAcl, entries: readonly SpecEntry[]): FileAcl {
  const [access, defaults] = [entries.filter(one => !one.isDefault), entries.filter(one => one.isDefault)]
  for (const kind of ['user', 'group', 'other'] as const) {
    if (!access.some(one => one.kind === kind && one.id === '')) {
      throw illegalArgument('The entries of user, group and other must be there.')
    }
  }
  const nothing: Permissions = { user: 0, group: 0, other: 0, named: [] }
  const changed = { ...acl, access: merged(nothing, access) }
  return defaults.length === 0 ? changed : { ...changed, defaults: merged(basis(changed), defaults) }
}

export function modified(acl: FileAcl, entries: readonly SpecEntry[]): FileAcl {
  const [access, defaults] = [entries.filter(one => !one.isDefault), entries.filter(one => one.isDefault)]
  const changed = access.length === 0 ? acl : { ...acl, access: merged(acl.access, access) }
  return defaults.length === 0
    ? changed
    : { ...changed, defaults: merged(changed.defaults ?? basis(changed), defaults) }
}

export function without(acl: FileAcl, entries: readonly SpecEntry[]): FileAcl {
  const access = entries.filter(one => !one.isDefault)
  const defaults = entries.filter(one => one.isDefault)
  if (access.some(one => one.id === '' && one.kind !== 'mask')) {
    throw illegalArgument('The entries of user, group and other cannot be removed.')
  }
  const { defaults: before, ...rest } = { ...acl, access: removed(acl.access, access) }
  if (!before || defaults.length === 0) return before ? { ...rest, defaults: before } : rest
  const after = removed(before, defaults)
  return { ...rest, defaults: after }
}

/** What default entries begin with where there were none: what the access entries say of the three that must be there. */
const basis = ({ access: { user, group, other } }: FileAcl): Permissions => ({ user, group, other, named: [] })

/** A mask that nobody gave is what lets all named entries and the owning group have what they are given. */
function merged(before: Permissions, entries: readonly SpecEntry[]): Permissions {
  const bits = (kind: SpecEntry['kind'], otherwise: Bits) =>
    entries.find(one => one.kind === kind && one.id === '')?.bits ?? otherwise
  const given = entries.flatMap(({ kind, id, bits }): NamedEntry[] =>
    id !== '' && (kind === 'user' || kind === 'group') ? [{ kind, id, bits }] : [],
  )
  const kept = before.named.filter(old => !given.some(one => one.kind === old.kind && one.id === old.id))
  const named = [...kept, ...given].toSorted((a, b) => order(b) - order(a) || (a.id < b.id ? -1 : 1))
  const group = bits('group', before.group)
  const givenMask = entries.find(one => one.kind === 'mask')?.bits
  const mask = givenMask ?? (named.length === 0 ? undefined : union(group, named))
  const all = { user: bits('user', before.user), group, other: bits('other', before.other), named }
  if (named.length + 4 > mostEntries) throw illegalArgument(`An ACL cannot have more than ${mostEntries} entries.`)
  return mask === undefined ? all : { ...all, mask }
}

const order = ({ kind }: NamedEntry) => (kind === 'user' ? 1 : 0)

const union = (group: Bits, named: readonly NamedEntry[]) => named.reduce((bits, one) => bits | one.bits, group)

function removed(before: Permissions, entries: readonly SpecEntry[]): Permissions {
  const named = before.named.filter(old => !entries.some(one => one.kind === old.kind && one.id === old.id))
  const { mask, ...rest } = before
  if (named.length === 0) return { ...rest, named }
  const isUntouched = named.length === before.named.length && !entries.some(one => one.kind === 'mask')
  return { ...rest, named, mask: isUntouched ? (mask ?? 7) : union(before.group, named) }
}

/** As GETACLSTATUS lists them: what the permission says already is left out, but for the owning group's own bits. */
export function shownEntries({ access, defaults }: FileAcl): readonly string[] {
  const named = ({ named }: Permissions, kind: NamedEntry['kind']) =>
    named.filter(one => one.kind === kind).map(one => `${kind}:${one.id}:${rwx(one.bits)}`)
  const ofAccess =
    access.named.length === 0 && access.mask === undefined
      ? []
      : [...named(access, 'user'), `group::${rwx(access.group)}`, ...named(access, 'group')]
  const ofDefaults = defaults
    ? [
        `user::${rwx(defaults.user)}`,
        ...named(defaults, 'user'),
        `group::${rwx(defaults.group)}`,
        ...named(defaults, 'group'),
        ...(defaults.mask === undefined ? [] : [`mask::${rwx(defaults.mask)}`]),
        `other::${rwx(defaults.other)}`,
      ]
    : []
  return [...ofAccess, ...ofDefaults.map(text => `default:${text}`)]
}
