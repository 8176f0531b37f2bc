/**
 * Reads what an operator may give as `ssh_key`: lines of authorized_keys, RFC 4716, a PEM public key, or an X.509
 * certificate. Every key is taken apart, because a line that sshd cannot read locks its owner out without a word.
 */

import { createPublicKey, X509Certificate } from 'node:crypto'
import { decodeKey, encodeKey, type PublicKey, sshKeyTypes } from './ssh-wire.ts'

export type AuthorizedKey = PublicKey & {
  /** As in authorized_keys(5), before the key; empty for none. */
  readonly options: string
  readonly comment: string
}

/** Why a text is not taken. Holds no part of it: it may be a private key. */
export class UnusableKey extends Error {
  override readonly name = 'UnusableKey'
}

const longestText = 64 * 1024
/** What OpenSSH itself demands for RSA since 9.x on most distributions, and what Azure accepts. */
const leastRsaBits = 2048

/** All keys of the text, at least one. Throws UnusableKey when any part of it is not a key that sshd would take. */
export function parseKeys(text: string): AuthorizedKey[] {
  if (Buffer.byteLength(text) > longestText) throw new UnusableKey(`it is longer than ${longestText / 1024} KiB`)
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) {
    throw new UnusableKey('it is a private key; give the public one, and replace this one, for it has been passed on')
  }
  // Control characters and Unicode's own line breaks would end the line for some readers and not for others.
  if (/[^\P{Cc}\t\r\n]|[\u2028\u2029]/u.test(text)) throw new UnusableKey('it has control characters')
  const normal = text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .trim()
  const keys = /^---- BEGIN SSH2 PUBLIC KEY ----/.test(normal)
    ? blocks(normal, '---- BEGIN SSH2 PUBLIC KEY ----', '---- END SSH2 PUBLIC KEY ----').map(fromRfc4716)
    : /^-----BEGIN /m.test(normal)
      ? [fromPem(normal)]
      : normal.split('\n').flatMap(fromLine)
  if (keys.length === 0) throw new UnusableKey('it has no key')
  for (const key of keys) demandStrength(key)
  return keys
}

/** The line of authorized_keys. */
export function keyLine({ options, type, blob, comment }: AuthorizedKey): string {
  return [options, type, blob.toString('base64'), comment].filter(part => part !== '').join(' ')
}

/**
 * The key of one line of an existing authorized_keys; undefined for comments and for what sshd passes over. Two lines
 * are for the same key, whatever their comments, when their blobs are equal.
 */
export function readKeyLine(line: string): AuthorizedKey | undefined {
  try {
    return fromLine(line)[0]
  } catch (error) {
    if (error instanceof UnusableKey) return undefined
    throw error
  }
}

function demandStrength({ type, rsaBits }: AuthorizedKey): void {
  if (rsaBits !== undefined && rsaBits < leastRsaBits) {
    throw new UnusableKey(`its RSA modulus has ${rsaBits} bits; sshd wants ${leastRsaBits}`)
  }
  if (type === 'ssh-dss') throw new UnusableKey('it is a DSA key, which sshd no longer takes')
}

function fromLine(line: string): AuthorizedKey[] {
  const trimmed = line.trim()
  if (trimmed === '' || trimmed.startsWith('#')) return []
  const { options, rest } = splitOptions(trimmed)
  const [, type = '', base64 = '', comment = ''] = /^(\S+)[ \t]+(\S+)(?:[ \t]+(.*))?$/.exec(rest) ?? []
  if (/-cert-v\d+@openssh\.com$/.test(type)) {
    throw new UnusableKey('it is an OpenSSH certificate; authorize its authority with the option cert-authority')
  }
  if (type === 'ssh-dss') throw new UnusableKey('it is a DSA key, which sshd no longer takes')
  const key = decodeKey(base64)
  if (!key || key.type !== type) throw new UnusableKey('a line of it is not an SSH public key')
  return [{ ...key, options, comment: comment.trim() }]
}

/** What may stand before a key, by authorized_keys(5). sshd passes over a line with any other. */
const flags =
  /^(no-)?(agent-forwarding|port-forwarding|pty|user-rc|x11-forwarding|touch-required)$|^(cert-authority|restrict|verify-required)$/i
const valued = /^(command|environment|expiry-time|from|permitlisten|permitopen|principals|tunnel)=/i

function splitOptions(line: string): { options: string; rest: string } {
  const first = /^[^\s"]+/.exec(line)?.[0] ?? ''
  if (sshKeyTypes.has(first) || /-cert-v\d+@openssh\.com$/.test(first) || first === 'ssh-dss') {
    return { options: '', rest: line }
  }
  const list: string[] = []
  let at = 0
  for (;;) {
    const [option] = /^[A-Za-z0-9-]+(?:="(?:\\"|[^"])*")?/.exec(line.slice(at)) ?? ['']
    if (!(option.includes('=') ? valued : flags).test(option)) throw new UnusableKey('it is not an SSH public key')
    list.push(option)
    at += option.length
    if (line[at] !== ',') break
    at += 1
  }
  if (!/[ \t]/.test(line[at] ?? '')) throw new UnusableKey('it is not an SSH public key')
  return { options: list.join(','), rest: line.slice(at).trim() }
}

function blocks(text: string, begin: string, end: string): string[] {
  return text.split(begin).flatMap((part, index) => {
    if (index === 0) return part.trim() === '' ? [] : refuse()
    const [inner = '', after = 'missing'] = part.split(end)
    return after.trim() === '' ? [inner.trim()] : refuse()
  })
}

function refuse(): never {
  throw new UnusableKey('it is not whole')
}

/** RFC 4716 §3: headers, of which a backslash continues the line, then base64. */
function fromRfc4716(inner: string): AuthorizedKey {
  const lines = inner.replace(/\\\n/g, '').split('\n')
  const headers = lines.filter(line => line.includes(':'))
  const comment = /^comment:\s*"?(.*?)"?\s*$/i.exec(headers.find(line => /^comment:/i.test(line)) ?? '')?.[1] ?? ''
  const key = decodeKey(lines.slice(headers.length).join('').replace(/\s/g, ''))
  if (!key) throw new UnusableKey('its SSH2 block holds no public key')
  return { ...key, options: '', comment }
}

function fromPem(text: string): AuthorizedKey {
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----$/m.exec(text)?.[1] ?? ''
  if ((text.match(/-----BEGIN /g) ?? []).length > 1) throw new UnusableKey('it has more than one PEM block')
  try {
    const key = label.includes('CERTIFICATE') ? new X509Certificate(text).publicKey : createPublicKey(text)
    const encoded = encodeKey(key)
    if (!encoded) throw new UnusableKey(`SSH knows no keys of the kind ${key.asymmetricKeyType}`)
    return { ...encoded, options: '', comment: '' }
  } catch (error) {
    if (error instanceof UnusableKey) throw error
    throw new UnusableKey('its PEM block holds neither a public key nor a certificate')
  }
}
