import { createPrivateKey, X509Certificate } from 'node:crypto'
import { BundleFailure } from './failure.ts'
import type { BundleParts } from './parts.ts'

const keyLabels = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']
const certificateLabels = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']

export const looksLikePem = (text: string) => /-----BEGIN [A-Z0-9 ]+-----/.test(text)

/** Reads the certificates and keys of a PEM text (RFC 7468); other blocks and what stands between them are passed over. */
export function readPem(text: string): BundleParts {
  const begun = text.match(/-----BEGIN /g)?.length ?? 0
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g)]
  if (blocks.length < begun) throw new BundleFailure('unreadable', 'The PEM text is torn: a block has no end')
  const certificates: Uint8Array[] = []
  const keys: Uint8Array[] = []
  for (const [block, label = '', body = ''] of blocks) {
    if (label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: *4,ENCRYPTED/m.test(body))
      throw new BundleFailure('unsupported', 'The private key in the PEM text is encrypted')
    if (certificateLabels.includes(label)) certificates.push(certificateOf(body))
    if (keyLabels.includes(label)) keys.push(keyOf(block))
  }
  return { certificates, keys }
}

function certificateOf(base64: string): Uint8Array {
  try {
    // What a TRUSTED CERTIFICATE says beyond the certificate is left out.
    return new X509Certificate(Buffer.from(base64, 'base64')).raw
  } catch {
    // The parser's words are about ASN.1, not about which part of the text it is.
    throw new BundleFailure('unreadable', 'A CERTIFICATE block of the PEM text holds no certificate')
  }
}

function keyOf(block: string): Uint8Array {
  try {
    return createPrivateKey(block.replaceAll('\r', '')).export({ type: 'pkcs8', format: 'der' })
  } catch {
    // Never the cause: it may quote what it could not read.
    throw new BundleFailure('unreadable', 'A PRIVATE KEY block of the PEM text holds no private key')
  }
}
