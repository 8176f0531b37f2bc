import { HandlerFailure } from '../handler/failure.ts'

/** Where everybody who asks without having been told otherwise asks. */
const defaultPort = 50342

/** `{"port":50342}`; a number as a text is one, too. Throws HandlerFailure for what is no port, or one of those of root. */
export function readPort({ port = defaultPort }: Readonly<Record<string, unknown>>): number {
  const number = typeof port === 'string' && /^\d{1,5}$/.test(port) ? Number(port) : port
  // Below 1024 are the ports of well-known services, which this one must not take away.
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1024 && number <= 65_535) return number
  throw new HandlerFailure('port is not a number from 1024 to 65535')
}
