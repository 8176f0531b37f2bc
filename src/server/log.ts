import pino from 'pino'

/** What is kept of lines that cannot be written at the moment; what comes after that is lost. */
const backlogBytes = 1024 * 1024

export type Log = pino.Logger

/**
 * One JSON object a line on standard error, so that standard output stays what the command line promises. A full disk
 * below it does not end the server: lines wait, and go out with the first one that can be written again.
 */
export function openLog(level: string): Log {
  const destination = pino.destination({ dest: 2, sync: true, maxLength: backlogBytes })
  destination.on('error', () => undefined)
  return pino({ level, base: null }, destination)
}
