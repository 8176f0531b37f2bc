/** Everything that somebody without our private key can make of what is public: our keys, and a token of his own. */

import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto'
import { CompactEncrypt } from 'jose'

export type Published = { readonly kid: string; readonly x5c: readonly string[] } & JsonWebKey

export type Material = {
  /** A token that is good. */
  readonly genuine: string
  /** The key that signed it, as the key document shows it. */
  readonly published: Published
  /** Someone whom the token is not about. */
  readonly someoneElse: string
  /** An address at which somebody waits for us to fetch his key. */
  readonly trap: string
}

export type Forgery = readonly [name: string, token: string]

type Claims = Readonly<Record<string, unknown>>

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const decode = (part: string | undefined): Claims => JSON.parse(Buffer.from(part ?? '', 'base64url').toString())

export async function forgeries(material: Material): Promise<readonly Forgery[]> {
  const [header, payload, signature = ''] = material.genuine.split('.')
  const parts = { header: decode(header), claims: decode(payload), signature }
  const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return [
    ...unsigned(parts),
    ...signedWithWhatIsPublic(parts, material.published),
    ...signedByStrangers(parts, attacker.privateKey),
    ...keysBroughtAlong(parts, attacker, material.trap),
    ...claimsChanged(parts, attacker.privateKey, material.someoneElse),
    ...partsChanged(parts),
    ...(await otherShapes(material)),
  ]
}

type Parts = { readonly header: Claims; readonly claims: Claims; readonly signature: string }

const join = (header: unknown, claims: unknown, signature: string) => `${encode(header)}.${encode(claims)}.${signature}`

function withRsa(header: Claims, claims: unknown, key: KeyObject): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
}

function withSecret(header: Claims, claims: Claims, secret: string | Buffer): string {
  const hash = `sha${String(header.alg).slice(2)}`
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

function unsigned({ header, claims, signature }: Parts): Forgery[] {
  return ['none', 'None', 'NONE', 'nOnE', '', null].flatMap((alg): Forgery[] => [
    [`alg ${alg} without a signature`, join({ ...header, alg }, claims, '')],
    [`alg ${alg} with the signature of another`, join({ ...header, alg }, claims, signature)],
  ])
}

/** A verifier that lets the token say which algorithm it is takes the public key for a shared secret. */
function signedWithWhatIsPublic({ header, claims }: Parts, published: Published): Forgery[] {
  const key = createPublicKey({ key: published, format: 'jwk' })
  const [x5c = ''] = published.x5c
  const certificate = new X509Certificate(Buffer.from(x5c, 'base64'))
  const secrets: Record<string, string | Buffer> = {
    'the public key as PEM': key.export({ type: 'spki', format: 'pem' }),
    'the public key as PEM without its last line break': String(key.export({ type: 'spki', format: 'pem' })).trim(),
    'the public key as PKCS #1 PEM': key.export({ type: 'pkcs1', format: 'pem' }),
    'the public key as DER': key.export({ type: 'spki', format: 'der' }),
    'the public key as PKCS #1 DER': key.export({ type: 'pkcs1', format: 'der' }),
    'n of the key document': published.n ?? '',
    'n of the key document as bytes': Buffer.from(published.n ?? '', 'base64url'),
    'the entry of the key document': JSON.stringify(published),
    'the certificate as base64': x5c,
    'the certificate as PEM': certificate.toString(),
    'the certificate as DER': certificate.raw,
    'the key id': published.kid,
    nothing: '',
  }
  return Object.entries(secrets).flatMap(([name, secret]) =>
    ['HS256', 'HS384', 'HS512'].map(
      (alg): Forgery => [`${alg} with ${name}`, withSecret({ ...header, alg }, claims, secret)],
    ),
  )
}

function signedByStrangers({ header, claims }: Parts, key: KeyObject): Forgery[] {
  const { kid: _kid, x5t: _x5t, ...withoutKey } = header
  const kids: unknown[] = [
    ...[
      'unknown',
      '',
      ' ',
      '../../../../dev/null',
      '/dev/null',
      '/etc/hostname',
      "' OR '1'='1",
      '__proto__',
      'toString',
    ],
    ...[null, 0, true, [header.kid], { kid: header.kid }],
  ]
  return [
    ['another key under our key id', withRsa(header, claims, key)],
    ['another key without a key id', withRsa(withoutKey, claims, key)],
    ...kids.flatMap((kid): Forgery[] => [
      [`another key under the key id ${JSON.stringify(kid)}`, withRsa({ ...header, kid }, claims, key)],
      [
        `an empty secret under the key id ${JSON.stringify(kid)}`,
        withSecret({ ...header, kid, alg: 'HS256' }, claims, ''),
      ],
    ]),
    ...['RS384', 'RS512', 'PS256', 'ES256', 'EdDSA', 'RS1', 'dir'].map(
      (alg): Forgery => [`another key under our key id and ${alg}`, withRsa({ ...header, alg }, claims, key)],
    ),
  ]
}

function keysBroughtAlong(
  { header, claims }: Parts,
  { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject },
  trap: string,
): Forgery[] {
  const jwk = publicKey.export({ format: 'jwk' })
  const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const additions: Claims[] = [
    { jwk },
    { jwk: { ...jwk, kid: header.kid } },
    { jku: `${trap}/jku` },
    { x5u: `${trap}/x5u` },
    { x5c: [der] },
    { crit: ['exp'] },
    { crit: ['b64'], b64: false },
    { crit: ['http://example.com/unknown'], 'http://example.com/unknown': true },
    { crit: [] },
  ]
  return additions.flatMap(addition => {
    const name = Object.keys(addition).join(' and ')
    const { kid: _kid, ...withoutKid } = { ...header, ...addition }
    return [
      [`its own key in the header: ${name}`, withRsa({ ...header, ...addition }, claims, privateKey)],
      [`its own key in the header and no key id: ${name}`, withRsa(withoutKid, claims, privateKey)],
    ] satisfies Forgery[]
  })
}

function claimsChanged({ header, claims, signature }: Parts, key: KeyObject, someoneElse: string): Forgery[] {
  const tenant = '11111111-1111-1111-1111-111111111111'
  const changes: Record<string, unknown> = {
    'someone else': { ...claims, oid: someoneElse, sub: someoneElse },
    'another audience': { ...claims, aud: 'https://elsewhere.example' },
    'several audiences': { ...claims, aud: [claims.aud, 'https://elsewhere.example'] },
    'another issuer': { ...claims, iss: 'https://sts.windows.net/elsewhere/' },
    'another tenant': { ...claims, tid: tenant, iss: `https://sts.windows.net/${tenant}/` },
    'a longer life': { ...claims, exp: Number(claims.exp) + 86_400 },
    'no end': { ...claims, exp: undefined },
    'an end that is no number': { ...claims, exp: 'never' },
    'an earlier begin': { ...claims, nbf: 0, iat: 0 },
    nothing: {},
    'a list': [claims],
    'a text': 'text',
    null: null,
  }
  return Object.entries(changes).flatMap(([name, changed]): Forgery[] => [
    [`changed claims with the old signature: ${name}`, join(header, changed, signature)],
    [`changed claims under another key: ${name}`, withRsa(header, changed, key)],
  ])
}

function partsChanged({ header, claims, signature }: Parts): Forgery[] {
  const bytes = Buffer.from(signature, 'base64url')
  const flipped = Buffer.from(bytes)
  flipped[128] = (flipped[128] ?? 0) ^ 1
  const base = `${encode(header)}.${encode(claims)}`
  const signatures: Record<string, string> = {
    none: '',
    'with one bit changed': flipped.toString('base64url'),
    'without its last byte': bytes.subarray(0, -1).toString('base64url'),
    'with one more byte': Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url'),
    'twice as long': Buffer.concat([bytes, bytes]).toString('base64url'),
    'of zeros': Buffer.alloc(256).toString('base64url'),
    'of one': Buffer.concat([Buffer.alloc(255), Buffer.from([1])]).toString('base64url'),
    'that is no base64': '!'.repeat(342),
  }
  return [
    ...Object.entries(signatures).map(([name, text]): Forgery => [`a signature ${name}`, `${base}.${text}`]),
    ['another type in the header', join({ ...header, typ: 'at+jwt' }, claims, signature)],
    ['one more member in the header', join({ ...header, more: 1 }, claims, signature)],
    ['another algorithm in the header', join({ ...header, alg: 'PS256' }, claims, signature)],
    ['a header that is no object', join([header], claims, signature)],
    ['a header that is no JSON', `${encode('{')}.${encode(claims)}.${signature}`],
  ]
}

async function otherShapes({ genuine, published }: Material): Promise<Forgery[]> {
  const [header, payload, signature] = genuine.split('.')
  const key = createPublicKey({ key: published, format: 'jwk' })
  const encrypted = await new CompactEncrypt(Buffer.from(genuine))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: published.kid, cty: 'JWT' })
    .encrypt(key)
  return [
    ['an encrypted token', encrypted],
    ['a token in JSON', JSON.stringify({ protected: header, payload, signature })],
    ['one part', `${header}`],
    ['two parts', `${header}.${payload}`],
    ['two parts and a dot', `${header}.${payload}.`],
    ['four parts', `${genuine}.${signature}`],
    ['dots alone', '..'],
    ['one dot', '.'],
    ['parts in another order', `${payload}.${header}.${signature}`],
    ['no token', 'token'],
    ['a token that is far too long', `${header}.${payload}.${'A'.repeat(40_000)}`],
    ['a token with very many parts', 'a.'.repeat(10_000)],
  ]
}
