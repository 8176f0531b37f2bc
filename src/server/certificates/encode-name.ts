import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { type NameAttribute, parseDistinguishedName, renderDistinguishedName } from './distinguished-name.ts'

/** Throws InvalidName. */
export function encodeName(text: string): pkijs.RelativeDistinguishedNames {
  const attributes = parseDistinguishedName(text).map(({ type, value, form }) => {
    const oid = new asn1js.ObjectIdentifier({ value: type })
    return new asn1js.Set({ value: [new asn1js.Sequence({ value: [oid, strings[form](value)] })] })
  })
  // In DER, because the library would make one name of many values of them.
  return pkijs.RelativeDistinguishedNames.fromBER(new asn1js.Sequence({ value: attributes.reverse() }).toBER())
}

const strings: Readonly<Record<NameAttribute['form'], (value: string) => asn1js.AsnType>> = {
  printable: value => new asn1js.PrintableString({ value }),
  utf8: value => new asn1js.Utf8String({ value }),
  ascii: value => new asn1js.IA5String({ value }),
}

export const decodeName = ({ typesAndValues }: pkijs.RelativeDistinguishedNames): string =>
  renderDistinguishedName(
    typesAndValues.map(({ type, value }) => ({ type, value: String(value.valueBlock.value) })).reverse(),
  )
