import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type MachineClaims, machineAudience, machineTokenHeader } from '../wire/machine-token.ts'

/** Which machine this is, and the key that proves it. Put into the machine when it was made, for root alone. */
export type Identity = { readonly machineId: string; readonly key: KeyObject }

/** Where the server is, and what it is known by. Comes with the agent's program and may change from start to start. */
export type ServerPlace = {
  /** `https://agent.lazuli.localhost` */
  readonly url: string
  /** Where to connect, whatever the name means in this machine. */
  readonly address: string
  readonly port: number
  /** What the agent calls its own version: the server's, whose program it is. */
  readonly version: string
  /** PEM of the only certificate authority that may vouch for it. */
  readonly ca: string
}

export async function readIdentity(file: string): Promise<Identity> {
  const { machineId, privateKey } = await readObject(file)
  if (typeof machineId !== 'string' || typeof privateKey !== 'string') throw new Error(`${file} is no identity.`)
  return { machineId, key: createPrivateKey(privateKey) }
}

export async function readServerPlace(file: string): Promise<ServerPlace> {
  const { url, address, port, version, ca } = await readObject(file)
  const texts = [url, address, version, ca]
  if (texts.every(text => typeof text === 'string') && typeof port === 'number') {
    return { url: String(url), address: String(address), port, version: String(version), ca: String(ca) }
  }
  throw new Error(`${file} does not say where the server is.`)
}

/** Short, so that nobody can do much with one that he has seen, and long enough for a clock that is a little off. */
const lifetimeSec = 300

/** A token for one request. `nowMs` is the machine's own time. */
export function machineToken({ machineId, key }: Identity, nowMs: number): string {
  const iat = Math.floor(nowMs / 1000)
  const claims: MachineClaims = { sub: machineId, aud: machineAudience, iat, exp: iat + lifetimeSec }
  const content = `${encoded(machineTokenHeader)}.${encoded(claims)}`
  return `${content}.${sign(null, Buffer.from(content), key).toString('base64url')}`
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

async function readObject(file: string): Promise<Record<string, unknown>> {
  const value: unknown = JSON.parse(await readFile(file, 'utf8'))
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
