import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import type { Operation } from '../../../door/operation.ts'
import { checked } from '../../../vaults/attributes.ts'
import type { CipherText } from '../../../vaults/cryptography/aes.ts'
import { toBase64url } from '../../../vaults/cryptography/base64url.ts'
import type { KeyUse } from '../../../vaults/key-version.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'
import { bytes, keyForUse } from './use-key.ts'

const wish = z.looseObject({
  alg: z.string(),
  value: bytes,
  iv: bytes.nullish(),
  tag: bytes.nullish(),
  aad: bytes.nullish(),
})

/** The route's last segment, the right below `keys/`, and what it is for the key. */
const uses = [
  ['encrypt', 'encrypt', 'encrypt'],
  ['decrypt', 'decrypt', 'decrypt'],
  ['wrapkey', 'wrap', 'wrapKey'],
  ['unwrapkey', 'unwrap', 'unwrapKey'],
] as const satisfies readonly (readonly [string, string, KeyUse])[]

/** Encryption and its opposite, of data and of other keys. Nothing is changed by it. */
export const cipherOperations: readonly Operation[] = uses.flatMap(([segment, right, use]) =>
  ['', '/:version'].map(version =>
    vaultOperation<'action'>({
      route: `POST /keys/:name${version}/${segment}`,
      action: `keys/${right}/action`,
      permission: `keys/${use}`,
      verb: 'action',
      changes: false,
      at: 'keys',
      async run(cx) {
        const { alg, ...input } = checked(wish, await readJson(cx.request))
        const key = await keyForUse(cx, use)
        const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value != null))
        return result(cx, key.kid, await cx.keyOperations[right](key, alg, given as CipherText))
      },
    }),
  ),
)

const result = (cx: VaultContext, kid: string, { value, iv, tag, aad }: CipherText): Response =>
  answer(cx, {
    kid,
    value: toBase64url(value),
    ...(iv ? { iv: toBase64url(iv) } : {}),
    ...(tag ? { tag: toBase64url(tag) } : {}),
    ...(aad ? { aad: toBase64url(aad) } : {}),
  })
