import {
  createHash,
  hash,
  randomBytes,
  type ScryptOptions,
  scrypt,
  timingSafeEqual,
  X509Certificate,
} from 'node:crypto'

/**
 * What is kept of a credential, so that it can be checked but not read. People choose passwords, so those are made
 * slow to guess; client secrets are 256 random bits of ours, which nobody guesses, so a plain hash serves and signing
 * in as an application costs no memory.
 */

/** log2 of scrypt's N. 2^15 with r = 8 takes 32 MiB and some 80 ms. */
export const passwordCost = 15

const blockSize = 8
const keyLength = 32

/** A verifier that carries its own parameters, so that a later Lazuli may raise them: `scrypt$15$8$<salt>$<key>`. */
export async function passwordVerifier(password: string, cost = passwordCost): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, cost)
  return ['scrypt', cost, blockSize, salt.toString('base64url'), key.toString('base64url')].join('$')
}

export async function passwordFits(verifier: string, password: string): Promise<boolean> {
  const [scheme, cost, r, salt = '', expected = ''] = verifier.split('$')
  if (scheme !== 'scrypt' || Number(r) !== blockSize) throw new Error('a password verifier of an unknown kind')
  const key = await derive(password, Buffer.from(salt, 'base64url'), Number(cost))
  return timingSafeEqual(key, Buffer.from(expected, 'base64url'))
}

/** Takes as long as checking a password does: whether an account exists must not be told by the clock. */
export async function pretendToCheck(password: string, cost = passwordCost): Promise<false> {
  await derive(password, Buffer.alloc(16), cost)
  return false
}

// The asynchronous form works in a thread of its own: other requests go on meanwhile.
function derive(password: string, salt: Buffer, cost: number): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** cost, r: blockSize, p: 1, maxmem: 160 * blockSize * 2 ** cost }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, keyLength, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

const secretScheme = 'sha256$'

export const secretVerifier = (secret: string): string => secretScheme + digest(secret).toString('base64url')

export function secretFits(verifier: string, secret: string): boolean {
  if (!verifier.startsWith(secretScheme)) throw new Error('a secret verifier of an unknown kind')
  return timingSafeEqual(digest(secret), Buffer.from(verifier.slice(secretScheme.length), 'base64url'))
}

const digest = (text: string) => hash('sha256', text, 'buffer')

/** A client secret in the form people know: 40 characters of `A-Z a-z 0-9 ~ _ -`, no blank, and no `-` in front that a shell would take for an option. */
export function newSecret(bytes: Buffer): string {
  const text = bytes.toString('base64url')
  return `${text.slice(0, 3)}8Q~${text.slice(3)}`.replace(/^-/, '_')
}

/** A certificate that an application signs with, as it is kept: DER in base64. */
export type CertificateCredential = { readonly verifier: string; readonly certificate: X509Certificate }

/** From DER or PEM, with or without a second base64 around it, as clients send it; undefined when it is none. */
export function readCertificate(text: string): CertificateCredential | undefined {
  const pem = text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64').toString('latin1')
  const source = pem.includes('-----BEGIN') ? pem : Buffer.from(text, 'base64')
  try {
    const certificate = new X509Certificate(source)
    return { verifier: certificate.raw.toString('base64'), certificate }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

/** What the `x5t` and `x5t#S256` members of an assertion's header say of a certificate. */
export const thumbprint = (verifier: string, hash: 'sha1' | 'sha256'): Buffer =>
  createHash(hash).update(Buffer.from(verifier, 'base64')).digest()
