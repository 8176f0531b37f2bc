import pino from 'pino'

/** One JSON object a line on standard error, so that standard output stays what the command line promises. */
export type Log = pino.Logger

export const openLog = (level: string): Log => pino({ level, base: null }, pino.destination(2))
