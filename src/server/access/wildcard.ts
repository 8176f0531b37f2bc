import { foldCase } from './fold-case.ts'

// One walk for both kinds of pattern that access rules know: actions (`Microsoft.Storage/*/read`) and the `StringLike`
// operators of conditions. It remembers only the last run of any characters, so its worst case is pattern × text:
// a pattern that a caller wrote into a custom role cannot make it explode, as it could a regular expression.

type PatternSyntax = {
  /** The code units that stand for any run of characters, for a single one, and for taking the wildcard that follows literally. */
  readonly run: number
  readonly one: number
  readonly escaping: number
  readonly same: (a: number, b: number) => boolean
}

const matches = (pattern: string, text: string, { run, one, escaping, same }: PatternSyntax): boolean => {
  let p = 0
  let t = 0
  let afterRun = -1
  let runEnd = 0
  while (t < text.length) {
    const unit = pattern.charCodeAt(p) // NaN past the end equals nothing
    const following = unit === escaping ? pattern.charCodeAt(p + 1) : -1
    const isEscaped = following !== -1 && (following === run || following === one)
    if (unit === run) {
      p++
      if (p === pattern.length) return true
      afterRun = p
      runEnd = t
    } else if (unit === one || same(isEscaped ? following : unit, text.charCodeAt(t))) {
      p += isEscaped ? 2 : 1
      t++
    } else if (afterRun === -1) {
      return false
    } else {
      p = afterRun
      runEnd++
      t = runEnd
    }
  }
  while (pattern.charCodeAt(p) === run) p++
  return p === pattern.length
}

const none = -1 // no code unit

const actionSyntax: PatternSyntax = {
  run: 42, // *
  one: none,
  escaping: none,
  same: (a, b) => a === b || foldCase(a) === foldCase(b),
}

// Between slashes `*` may stand for nothing at all: Virtual Machine Administrator Login shows machines by
// `virtualMachines/*/read`, and Managed Identity Operator assigns identities by `userAssignedIdentities/*/assign/action`,
// though those actions have no part in between.

/** Whether an action such as `Microsoft.Compute/virtualMachines/read` matches a role's pattern: `*` stands for any run of characters, slashes too; case is ignored. */
export const actionMatches = (pattern: string, action: string): boolean =>
  pattern.includes('/*/')
    ? matches(doubled(pattern), doubled(action), actionSyntax)
    : matches(pattern, action, actionSyntax)

/** With two slashes for each one but those around a `*`, these two meet when nothing is between them. */
const doubled = (path: string): string => path.replaceAll(/\/\*\/|\//g, part => (part === '/' ? '//' : part))

const likeSyntax: PatternSyntax = {
  run: 42, // *
  one: 63, // ?
  escaping: 92, // \
  same: (a, b) => a === b,
}

/** `StringLike`: `*` is any run, `?` is any one character, `\*` and `\?` are themselves; case matters. */
export const isLike = (text: string, pattern: string): boolean => matches(pattern, text, likeSyntax)
