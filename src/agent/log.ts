/** One JSON object a line; systemd puts it into the journal. */
export type Log = (
  level: 'info' | 'warn' | 'error',
  message: string,
  details?: Readonly<Record<string, unknown>>,
) => void

export function jsonLog(write: (line: string) => void, now: () => number): Log {
  return (level, message, details = {}) =>
    write(`${JSON.stringify({ level, time: new Date(now()).toISOString(), msg: message, ...plain(details) })}\n`)
}

/** An error's own members are invisible to JSON. */
const plain = (details: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      value instanceof Error ? { message: value.message, stack: value.stack } : value,
    ]),
  )
