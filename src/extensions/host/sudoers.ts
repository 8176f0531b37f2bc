/**
 * The file of sudo rules that Azure's agent and its extensions share, one line for each administrator. Only lines of
 * exactly the shapes that these programs write are ever touched: whatever else stands there was written by somebody.
 */

export const sudoersFile = '/etc/sudoers.d/waagent'
export const sudoersMode = 0o440

export type SudoRule = 'password' | 'passwordless'

/**
 * Whose rule a line is, and which; undefined for comments, for rules with a Cmnd list, and whatever else. A name in
 * quotes is a user even where sudo would read the bare word as everybody.
 */
function ownLine(line: string): { user: string; rule: SudoRule } | undefined {
  const [, quoted, bare, passwordless] =
    /^(?:"([^\s"\\#@%=,!]+)"|([^\s"\\#@%=,!]+))\s+ALL\s*=\s*\(ALL\)\s*(NOPASSWD:\s*)?ALL\s*$/.exec(line) ?? []
  const user = quoted ?? bare
  return user === undefined ? undefined : { user, rule: passwordless ? 'passwordless' : 'password' }
}

/** The rule that the file has for a user; the last one counts. */
export function sudoRule(text: string, user: string): SudoRule | undefined {
  return text
    .split('\n')
    .map(ownLine)
    .findLast(own => own?.user === user)?.rule
}

/** The file with exactly one rule for the user, and all other lines as they were. */
export function withRule(text: string, user: string, rule: SudoRule): string {
  const line = `${user} ALL = (ALL) ${rule === 'passwordless' ? 'NOPASSWD: ' : ''}ALL`
  const kept = withoutRule(text, user)
  return `${line}\n${kept === '' || kept.endsWith('\n') ? kept : `${kept}\n`}`
}

/** The file without rules for the user, and all other lines as they were. */
export function withoutRule(text: string, user: string): string {
  return text
    .split('\n')
    .filter(line => ownLine(line)?.user !== user)
    .join('\n')
}

/** Whether the main file reads the folder. A '#' before includedir is no comment. */
export function includesFolder(sudoers: string): boolean {
  return /^[@#]includedir\s+(\/etc\/sudoers\.d|"\/etc\/sudoers\.d")\/?\s*$/m.test(sudoers)
}
