/**
 * A certificate with its key and what certifies it, as Key Vault hands it out and takes it in: PKCS #12 in base64 or PEM,
 * made by whatever program.
 */

import { type CertificateBundle, orderBundle } from './chain.ts'
import { BundleFailure } from './failure.ts'
import type { BundleParts } from './parts.ts'
import { looksLikePem, readPem } from './pem.ts'

export type ReadPfx = (pfx: Uint8Array, password: string) => Promise<BundleParts>

/** Ten times what a vault takes. */
const longestValue = 1024 * 1024

/**
 * What is in `value`, in its order: PEM, or base64 of PKCS #12 or of PEM, whatever a content type says, because content
 * types are wrong or missing in the field. Rejects with BundleFailure.
 */
export async function readParts(value: string, readPfx: ReadPfx, password = ''): Promise<BundleParts> {
  if (value.length > longestValue)
    throw new BundleFailure('too-expensive', `It is longer than ${longestValue} characters`)
  if (looksLikePem(value)) return readPem(value)
  const bytes = decodeBase64(value)
  if (bytes && looksLikePfx(bytes)) return readPfx(bytes, password)
  const text = bytes ? Buffer.from(bytes).toString('latin1') : ''
  if (looksLikePem(text)) return readPem(text)
  throw new BundleFailure('unreadable', 'It is neither PEM nor PKCS #12 in base64')
}

/** The same, checked and put in order. */
export async function readBundle(value: string, readPfx: ReadPfx, password = ''): Promise<CertificateBundle> {
  return orderBundle(await readParts(value, readPfx, password))
}

/** The leaf, its issuers and the key at the end, as PEM with LF. */
export const renderBundle = ({ chain, key }: Pick<CertificateBundle, 'chain' | 'key'>): string =>
  renderCertificates(chain) + renderKey(key)

export const renderCertificates = (certificates: CertificateBundle['chain'] | CertificateBundle['unused']): string =>
  certificates.map(({ raw }) => block('CERTIFICATE', raw)).join('')

/** PKCS #8, not encrypted. */
export const renderKey = (key: CertificateBundle['key']): string =>
  block('PRIVATE KEY', key.export({ type: 'pkcs8', format: 'der' }))

const block = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`

/** Undefined for what is not base64 in the standard alphabet; line ends and spaces are allowed, as in files. */
function decodeBase64(text: string): Uint8Array | undefined {
  const digits = text.replace(/\s+/g, '')
  return /^[A-Za-z0-9+/]+={0,2}$/.test(digits) ? Buffer.from(digits, 'base64') : undefined
}

/** A SEQUENCE, in DER or with a length that is not given. */
const looksLikePfx = (bytes: Uint8Array) => bytes[0] === 0x30
