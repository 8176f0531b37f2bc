import { type KeyObject, randomBytes, type X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { arrayBuffer } from './x509-fields.ts'

const bags = { shroudedKey: '1.2.840.113549.1.12.10.1.2', certificate: '1.2.840.113549.1.12.10.1.3' }
const localKeyId = '1.2.840.113549.1.9.21'

/** OpenSSL's number. The password is empty, so that more of them would protect nothing. */
const iterations = 2048
const encryption = {
  password: new ArrayBuffer(0),
  contentEncryptionAlgorithm: { name: 'AES-CBC', length: 256 },
  hmacHashAlgorithm: 'SHA-256',
  iterationCount: iterations,
}

/**
 * A PKCS #12 file (RFC 7292) as a vault hands it out: the password is empty, and there is no key in it when the policy
 * does not let it out. AES-256 under PBES2, which OpenSSL 1.1 and Windows Server 2019 can read, and every newer one.
 */
export async function writePfx({
  certificates,
  key,
}: {
  /** In the order in which they are written. */
  certificates: readonly X509Certificate[]
  key?: KeyObject
}): Promise<Buffer> {
  // Ties the key to its certificate; a program that finds several certificates goes by it.
  const id = randomBytes(20)
  const isOfKey = (one: X509Certificate) => key !== undefined && one.checkPrivateKey(key)
  const certificateBags = certificates.map(
    one =>
      new pkijs.SafeBag({
        bagId: bags.certificate,
        bagValue: new pkijs.CertBag({ parsedValue: pkijs.Certificate.fromBER(arrayBuffer(one.raw)) }),
        ...(isOfKey(one) ? { bagAttributes: [keyId(id)] } : {}),
      }),
  )
  const keyBags = key ? [shroudedKeyBag(key, id)] : []

  const authenticatedSafe = new pkijs.AuthenticatedSafe({
    parsedValue: {
      safeContents: [
        ...(keyBags.length > 0 ? [{ privacyMode: 0, value: new pkijs.SafeContents({ safeBags: keyBags }) }] : []),
        { privacyMode: 1, value: new pkijs.SafeContents({ safeBags: certificateBags }) },
      ],
    },
  })
  await authenticatedSafe.makeInternalValues({
    safeContents: [...(keyBags.length > 0 ? [{}] : []), { ...encryption }],
  })
  const pfx = new pkijs.PFX({ parsedValue: { integrityMode: 0, authenticatedSafe } })
  await pfx.makeInternalValues({
    password: encryption.password,
    iterations,
    pbkdf2HashAlgorithm: 'SHA-256',
    hmacHashAlgorithm: 'SHA-256',
  })
  return Buffer.from(pfx.toSchema().toBER())
}

/** Encrypted by Node, which knows every key that it can have. */
function shroudedKeyBag(key: KeyObject, id: Buffer): pkijs.SafeBag {
  const shrouded = key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: '' })
  return new pkijs.SafeBag({
    bagId: bags.shroudedKey,
    bagValue: pkijs.PKCS8ShroudedKeyBag.fromBER(arrayBuffer(shrouded)),
    bagAttributes: [keyId(id)],
  })
}

const keyId = (id: Buffer) =>
  new pkijs.Attribute({ type: localKeyId, values: [new asn1js.OctetString({ valueHex: arrayBuffer(id) })] })
