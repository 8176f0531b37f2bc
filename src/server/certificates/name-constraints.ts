import type { X509Certificate } from 'node:crypto'
import type { PermittedNames } from './permitted-names.ts'

/**
 * Reads the permitted subtrees of a certificate (RFC 5280 §4.2.1.10), which node:crypto does not show. The reader is
 * written out because it runs at every start of the server, where loading an ASN.1 library costs more than the rest.
 */
export function nameConstraintsOf(certificate: X509Certificate): PermittedNames {
  const permitted = [...elements(extensionValue(certificate, nameConstraints))].find(({ tag }) => tag === 0xa0)
  const subtrees = permitted ? [...elements(permitted.content)].map(subtree => first(subtree.content)) : []
  return {
    dns: subtrees.filter(({ tag }) => tag === dnsName).map(({ content }) => content.toString('latin1')),
    ranges: subtrees
      .filter(({ tag }) => tag === ipAddress)
      .map(({ content }) => ({
        network: content.subarray(0, content.length / 2),
        mask: content.subarray(content.length / 2),
      })),
  }
}

type Element = { readonly tag: number; readonly content: Buffer }

const nameConstraints = '551d1e'
const dnsName = 0x82
const ipAddress = 0x87
const explicitExtensions = 0xa3

/** The content of the extension's outermost SEQUENCE; empty when the certificate does not have the extension. */
function extensionValue(certificate: X509Certificate, oid: string): Buffer {
  const tbsCertificate = first(first(certificate.raw).content)
  const wrapper = [...elements(tbsCertificate.content)].find(({ tag }) => tag === explicitExtensions)
  if (!wrapper) return Buffer.alloc(0)
  for (const extension of elements(first(wrapper.content).content)) {
    const fields = [...elements(extension.content)]
    const value = fields.at(-1)
    if (value && fields[0]?.content.toString('hex') === oid) return first(value.content).content
  }
  return Buffer.alloc(0)
}

function first(der: Buffer): Element {
  for (const element of elements(der)) return element
  throw new RangeError('A DER element is missing.')
}

/** The DER elements that follow one another in `der`. */
function* elements(der: Buffer): Generator<Element> {
  for (let at = 0; at < der.length; ) {
    const tag = der.readUInt8(at)
    const short = der.readUInt8(at + 1)
    const lengthBytes = short < 0x80 ? 0 : short & 0x7f
    const length = lengthBytes === 0 ? short : der.readUIntBE(at + 2, lengthBytes)
    const start = at + 2 + lengthBytes
    yield { tag, content: der.subarray(start, start + length) }
    at = start + length
  }
}
