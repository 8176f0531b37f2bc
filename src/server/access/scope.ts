import { foldCase } from './fold-case.ts'

// A scope is the ARM path that a role assignment, a lock or a request is about: `/`, a management group,
// a subscription, a resource group, a resource, or a child of one. The resource manager compares scopes
// segment by segment and ignores case, and it trims blanks: scripts do pass `"…/resourcegroups/rg "`.

/** The form in which two spellings of one scope are equal: lower case, no blanks around segments, no empty ones; '' only for a blank scope. */
export const scopeKey = (scope: string): string => {
  const lower = scope.toLowerCase()
  if (isKey.test(lower)) return lower
  const segments = lower
    .split('/')
    .map(segment => segment.trim())
    .filter(segment => segment !== '')
  return segments.length === 0 && scope.trim() === '' ? '' : `/${segments.join('/')}`
}

/** Most scopes are in that form but for their case, and there is one for each request. */
const isKey = /^(?:\/[^/\s]+)+$/

/** Whether a right held at `outer` reaches `inner`: the same scope or one below it. A blank scope covers nothing. */
export const covers = (outer: string, inner: string): boolean =>
  (outer === '/' && inner.startsWith('/')) ||
  (coversAsSpelled(outer, inner) ?? coversByKey(scopeKey(outer), scopeKey(inner)))

const coversByKey = (outer: string, inner: string): boolean => {
  if (outer === '' || inner === '') return false
  return outer === '/' || inner === outer || (inner.startsWith(outer) && inner.charCodeAt(outer.length) === slash)
}

// Every request asks this about each of the caller's assignments, so plain ASCII paths are compared in place, without
// building keys. Undefined means that the difference might be one of spelling only: a blank, an empty segment, a
// letter outside ASCII.
const coversAsSpelled = (outer: string, inner: string): boolean | undefined => {
  for (let at = 0; at < outer.length; at++) {
    const a = outer.charCodeAt(at)
    const b = inner.charCodeAt(at)
    if (a === b || foldCase(a) === foldCase(b)) continue
    return isPlain(a) && isPlain(b) ? false : undefined
  }
  if (!isPlain(outer.charCodeAt(outer.length - 1))) return undefined
  const next = inner.charCodeAt(outer.length)
  return inner.length === outer.length || next === slash ? true : undefined
}

const slash = 47

// NaN, which stands for "past the end", is not plain.
const isPlain = (code: number): boolean => code > 32 && code < 127 && code !== slash
