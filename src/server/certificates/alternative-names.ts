/** The extension subjectAltName, RFC 5280 §4.2.1.6, with the kinds of names that a vault's policies have. */

import { isIP } from 'node:net'
import * as asn1js from 'asn1js'
import { addressBytes } from './permitted-names.ts'
import type { AlternativeNames } from './profile.ts'
import { arrayBuffer } from './x509-fields.ts'

const tags = { otherName: 0, email: 1, dnsName: 2, uri: 6, address: 7 }
const upnOid = '1.3.6.1.4.1.311.20.2.3'

export function encodeAlternativeNames(names: AlternativeNames): asn1js.Sequence {
  return new asn1js.Sequence({
    value: [
      ...names.emails.map(name => text(tags.email, name)),
      ...names.dnsNames.map(name => text(tags.dnsName, name)),
      ...names.upns.map(userPrincipalName),
      ...names.uris.map(name => text(tags.uri, name)),
      ...names.addresses.map(name => primitive(tags.address, addressBytes(name))),
    ],
  })
}

/** Names of other kinds are left out. */
export function decodeAlternativeNames(extension: asn1js.AsnType): AlternativeNames {
  const found = { emails: [], dnsNames: [], upns: [], uris: [], addresses: [] } as {
    [K in keyof AlternativeNames]: string[]
  }
  for (const name of extension instanceof asn1js.Sequence ? extension.valueBlock.value : []) {
    const bytes = name instanceof asn1js.Primitive ? Buffer.from(name.valueBlock.valueHexView) : Buffer.alloc(0)
    switch (name.idBlock.tagNumber) {
      case tags.email:
        found.emails.push(bytes.toString('latin1'))
        break
      case tags.dnsName:
        found.dnsNames.push(bytes.toString('latin1'))
        break
      case tags.uri:
        found.uris.push(bytes.toString('latin1'))
        break
      case tags.address:
        found.addresses.push(...addressText(bytes))
        break
      case tags.otherName:
        found.upns.push(...userPrincipalNameIn(name))
        break
    }
  }
  return found
}

const text = (tag: number, value: string) => primitive(tag, Buffer.from(value, 'latin1'))

const primitive = (tagNumber: number, bytes: Uint8Array) =>
  new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber }, valueHex: arrayBuffer(bytes) })

const userPrincipalName = (value: string) =>
  new asn1js.Constructed({
    idBlock: { tagClass: 3, tagNumber: tags.otherName },
    value: [
      new asn1js.ObjectIdentifier({ value: upnOid }),
      new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [new asn1js.Utf8String({ value })] }),
    ],
  })

function userPrincipalNameIn(name: asn1js.BaseBlock): string[] {
  const [oid, wrapped] = name instanceof asn1js.Constructed ? name.valueBlock.value : []
  const value = wrapped instanceof asn1js.Constructed ? wrapped.valueBlock.value[0] : undefined
  const isUpn = oid instanceof asn1js.ObjectIdentifier && oid.valueBlock.toString() === upnOid
  return isUpn && value instanceof asn1js.Utf8String ? [value.valueBlock.value] : []
}

function addressText(bytes: Buffer): string[] {
  if (bytes.length === 4) return [bytes.join('.')]
  if (bytes.length !== 16) return []
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16)).join(':')
  return isIP(groups) === 6 ? [new URL(`http://[${groups}]`).hostname.slice(1, -1)] : []
}
