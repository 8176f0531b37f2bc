/** Which certificate is the key's, and what certifies it: the order inside a container means nothing. */

import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { BundleFailure } from './failure.ts'
import type { BundleParts } from './parts.ts'

export type CertificateBundle = {
  /** The leaf first, and after each the one that certifies it; the last is the root where the container has it. */
  readonly chain: readonly [leaf: X509Certificate, ...issuers: X509Certificate[]]
  readonly key: KeyObject
  /** Those of the container that are not on the leaf's path. */
  readonly unused: readonly X509Certificate[]
}

/** Looking for paths takes a time that grows with the square of it. */
const mostCertificates = 64

/** Throws BundleFailure when there is no pair of a key and a certificate. */
export function orderBundle({ certificates, keys }: BundleParts): CertificateBundle {
  if (certificates.length > mostCertificates)
    throw new BundleFailure('too-expensive', `There are more than ${mostCertificates} certificates in it`)
  const all = withoutDuplicates(certificates).map(parse)
  if (all.length === 0) throw new BundleFailure('no-certificate', 'There is no certificate in it')
  if (keys.length === 0) throw new BundleFailure('no-private-key', 'There is no private key in it')
  for (const key of withoutDuplicates(keys).map(parseKey)) {
    const leaf = all.filter(one => one.checkPrivateKey(key)).sort(likelierLeaf)[0]
    if (!leaf) continue
    const others = all.filter(one => one !== leaf)
    const issuers = pathFrom(leaf, others)
    return { chain: [leaf, ...issuers], key, unused: others.filter(one => !issuers.includes(one)) }
  }
  throw new BundleFailure('key-mismatch', 'The private key in it belongs to none of the certificates in it')
}

/** A renewal with the same key leaves two of them: the newer is meant. An authority of the same key is not. */
const likelierLeaf = (a: X509Certificate, b: X509Certificate) =>
  Number(a.ca) - Number(b.ca) || Date.parse(b.validTo) - Date.parse(a.validTo)

/**
 * The issuers of a leaf, from its own upwards: the shortest way to a root where there is one, otherwise the longest that
 * there is. An issuer can be there twice, once by itself and once certified by somebody else.
 */
function pathFrom(leaf: X509Certificate, others: readonly X509Certificate[]): readonly X509Certificate[] {
  if (isSelfSigned(leaf)) return []
  let paths: X509Certificate[][] = [[]]
  const seen = new Set<X509Certificate>()
  for (;;) {
    const longer: X509Certificate[][] = []
    for (const path of paths) {
      const last = path.at(-1) ?? leaf
      for (const issuer of others.filter(one => !seen.has(one) && isIssuedBy(last, one)).sort(likelierIssuer)) {
        seen.add(issuer)
        const next = [...path, issuer]
        if (isSelfSigned(issuer)) return next
        longer.push(next)
      }
    }
    if (longer.length === 0) return paths[0] ?? []
    paths = longer
  }
}

/** Of two by the same name and key, the one that is valid for longer. */
const likelierIssuer = (a: X509Certificate, b: X509Certificate) => Date.parse(b.validTo) - Date.parse(a.validTo)

const isIssuedBy = (one: X509Certificate, issuer: X509Certificate) =>
  issuer.ca && one.checkIssued(issuer) && one.verify(issuer.publicKey)

const isSelfSigned = (one: X509Certificate) => one.checkIssued(one) && one.verify(one.publicKey)

function withoutDuplicates(all: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(all.map(der => [createHash('sha256').update(der).digest('hex'), der])).values()]
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch {
    throw new BundleFailure('unreadable', 'One of the certificates in it cannot be read')
  }
}

function parseKey(der: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(der), type: 'pkcs8', format: 'der' })
  } catch {
    throw new BundleFailure('unreadable', 'The private key in it cannot be read')
  }
}
