/**
 * The one place where the command line writes. Results go to standard output, everything about how they came to be goes
 * to standard error, so that a pipe carries results only.
 */

import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Whether a person reads the results. */
export const isForPeople = (): boolean => process.stdout.isTTY === true

export const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

/** One line of JSON. */
export const printJson = (value: unknown): void => print(JSON.stringify(value))

/** Anything that is not the result: progress, hints, warnings. */
export const tell = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

/** Coloured where the results go to a terminal and NO_COLOR does not forbid it. */
export const styled = (format: Format, text: string): string => styleText(format, text, { stream: process.stdout })

/** Coloured where remarks go to a terminal. */
export const styledRemark = (format: Format, text: string): string =>
  styleText(format, text, { stream: process.stderr })

/** Says what went wrong, and below it what to do next. */
export function tellFailure(message: string, next: readonly string[]): void {
  tell(`${styledRemark('red', 'lazuli:')} ${message}`)
  for (const line of next) tell(`  ${line}`)
}

/** Columns as wide as their widest cell, two blanks apart; the last one is as wide as it likes. */
export function table(rows: readonly (readonly string[])[]): string {
  const width = (column: number) => Math.max(...rows.map(row => (row[column] ?? '').length))
  return rows
    .map(row => row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(width(column)))).join('  '))
    .join('\n')
}

/** A file that is read only up to its first lines (`lazuli logs | head`) closes our output: that is no failure. */
export function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}
