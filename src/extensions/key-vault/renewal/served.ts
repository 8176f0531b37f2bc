import type { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import { failureText } from '../../handler/failure.ts'
import type { ServedAt } from '../settings/wish.ts'

export type ServedSerial =
  | { readonly serial: string }
  /** `isSilent`: nobody listens there. */
  | { readonly failure: string; readonly isSilent?: boolean }

const patienceMs = 3_000

/** The serial number of what a port serves. Whether anybody trusts it is not the question. */
export const servedSerial = ({ host, port }: ServedAt, name: string | undefined): Promise<ServedSerial> =>
  new Promise(resolve => {
    const socket = connect({
      host,
      port,
      rejectUnauthorized: false,
      ...(name === undefined ? {} : { servername: name }),
    })
    const end = (outcome: ServedSerial) => {
      socket.destroy()
      resolve(outcome)
    }
    socket.setTimeout(patienceMs, () => end({ failure: `it said nothing in ${patienceMs / 1000} s` }))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end({ failure: failureText(error) || String(error.code), isSilent: error.code === 'ECONNREFUSED' }),
    )
    socket.once('secureConnect', () => {
      const serial = socket.getPeerCertificate().serialNumber
      end(serial ? { serial } : { failure: 'it showed no certificate' })
    })
  })

/** A name of the certificate that a server is asked for; one with an asterisk is nobody's name. */
export function nameIn({ subjectAltName }: X509Certificate): string | undefined {
  return subjectAltName
    ?.split(', ')
    .map(entry => /^DNS:([^*"]+)$/.exec(entry)?.[1])
    .find(name => name !== undefined)
}
