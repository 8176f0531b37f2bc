import { styled } from './print.ts'

/** pino's numbers. */
const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: styled('yellow', 'warn'),
  50: styled('red', 'error'),
  60: styled('red', 'fatal'),
}

/** A line of the server's log as a person reads it: time, level, message, and whatever else it carries. */
export function readableLogLine(line: string): string {
  const entry = parsed(line)
  if (!entry) return line
  const { time, level, msg, err, ...more } = entry
  const at = typeof time === 'number' ? new Date(time).toISOString().slice(11, 23) : ''
  const failure = (err as { stack?: string } | undefined)?.stack
  const details = Object.keys(more).length > 0 ? ` ${styled('dim', JSON.stringify(more))}` : ''
  return `${at} ${levels[Number(level)] ?? level} ${msg ?? ''}${details}${failure ? `\n${failure}` : ''}`
}

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
