/** ASN.1 as PKCS #12 files have it: BER, in which lengths may be missing and octet strings be in pieces. */

import forge from 'node-forge'
import { BundleFailure } from '../failure.ts'

export type Node = forge.asn1.Asn1

const { fromDer, toDer, derToOid, Class, Type } = forge.asn1

export const torn = () => new BundleFailure('unreadable', 'The PKCS #12 file is torn, or is none')

export function parse(bytes: Uint8Array): Node {
  try {
    // What stands behind the end is ignored: mailers and editors add line ends. The types know the flag only.
    const options = { strict: true, parseAllBytes: false, decodeBitStrings: false } as unknown as boolean
    return fromDer(forge.util.createBuffer(binary(bytes)), options)
  } catch {
    throw torn()
  }
}

export const encode = (node: Node): Uint8Array => bytesOf(toDer(node).getBytes())

export function members(node: Node | undefined): readonly Node[] {
  if (!node || !Array.isArray(node.value)) throw torn()
  return node.value
}

export function sequence(node: Node | undefined): readonly Node[] {
  if (node?.tagClass !== Class.UNIVERSAL || node.type !== Type.SEQUENCE) throw torn()
  return members(node)
}

export function objectId(node: Node | undefined): string {
  if (node?.type !== Type.OID || typeof node.value !== 'string') throw torn()
  return derToOid(node.value)
}

/** The bytes of an octet string, whatever tag it hides behind, put together where it is in pieces. */
export function octets(node: Node | undefined): Uint8Array {
  if (!node) throw torn()
  return typeof node.value === 'string' ? bytesOf(node.value) : Buffer.concat(node.value.map(octets))
}

export const isOctetString = (node: Node | undefined) =>
  node?.tagClass === Class.UNIVERSAL && node.type === Type.OCTETSTRING

export const isInteger = (node: Node | undefined) => node?.tagClass === Class.UNIVERSAL && node.type === Type.INTEGER

/** A number that a program can count to; what is larger comes out as infinity. */
export function integer(node: Node | undefined): number {
  if (!isInteger(node)) throw torn()
  const bytes = octets(node)
  if (bytes.length > 6) return Number.POSITIVE_INFINITY
  return bytes.reduce((number, byte) => number * 256 + byte, 0)
}

export const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
export const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')
