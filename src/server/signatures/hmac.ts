import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'

type Prepared = { readonly key: KeyObject; readonly expected: Map<string, Buffer> }

/**
 * What is known of a key for as long as somebody has its bytes: those of an account are forgotten when they change. To
 * make Node's own object of them takes longer than all of the signing, and clients sign the same text for each request.
 */
const known = new WeakMap<Uint8Array, Prepared>()

function prepared(key: Uint8Array): Prepared {
  const before = known.get(key)
  if (before) return before
  const made = { key: createSecretKey(key), expected: new Map<string, Buffer>() }
  known.set(key, made)
  return made
}

const digest = (key: KeyObject, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest()

export const sign = (key: Uint8Array, text: string): Buffer => digest(prepared(key).key, text)

const mostExpected = 100
const longestExpected = 1_000

/** The signature of a text, which is the same whenever it is asked for. */
function expectedFor(key: Uint8Array, text: string): Buffer {
  const { key: object, expected } = prepared(key)
  const before = expected.get(text)
  if (before) return before
  const made = digest(object, text)
  if (expected.size >= mostExpected) expected.clear()
  if (text.length <= longestExpected) expected.set(text, made)
  return made
}

/** Whether one of the keys signed one of the texts. How long it takes says nothing about how much of a guess was right. */
export function isSignedWithOneOf(keys: readonly Uint8Array[], texts: readonly string[], signature: string): boolean {
  const given = Buffer.from(signature, 'base64')
  return keys.some(key =>
    texts.some(text => {
      const expected = expectedFor(key, text)
      return given.length === expected.length && timingSafeEqual(given, expected)
    }),
  )
}
