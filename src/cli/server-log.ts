import { join } from 'node:path'

/** Where a server in the background writes. */
export const serverLog = (directory: string): string => join(directory, 'server.log')
