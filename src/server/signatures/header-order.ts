/**
 * The service sorts the names of headers as .NET's culture does, and so does the JavaScript library; others sort by code
 * unit. They differ for names with hyphens, underscores and digits side by side, as metadata may have.
 */

/** From what sorts first. Hyphens and apostrophes are not compared until all else is equal. */
const weights = '!#$%&*.^_`|~+0123456789abcdefghijklmnopqrstuvwxyz'

export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export function byCulture(a: string, b: string): number {
  return byCodeUnit(weighted(a), weighted(b)) || byCodeUnit(hyphens(a), hyphens(b))
}

const weighted = (name: string) => name.replace(/[-']/g, '').replace(/./g, one => weightOf(one))

const weightOf = (character: string) => String.fromCharCode(0x100 + weights.indexOf(character))

/** Of two names that differ only in their hyphens, the one that has the first hyphen more comes later. */
const hyphens = (name: string) => name.replace(/./g, one => (one === '-' ? '2' : one === "'" ? '1' : '0'))
