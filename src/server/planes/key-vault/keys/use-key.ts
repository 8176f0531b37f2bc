import * as z from 'zod'
import type { FoundVersion } from '../../../store/vault-objects.ts'
import { fromBase64url } from '../../../vaults/cryptography/base64url.ts'
import type { UsedKey } from '../../../vaults/cryptography/key-operations.ts'
import { type KeyUse, materialOfVersion } from '../../../vaults/key-version.ts'
import { forbidden, isDisabled, notFound } from '../../../vaults/refusals.ts'
import { idOf, placeOf } from '../objects/kind.ts'
import type { VaultContext } from '../vault-operation.ts'
import { keyBody } from './key.ts'

/** The version that a request names, or the newest. Throws 404. */
export async function findKey(cx: VaultContext): Promise<FoundVersion> {
  const wanted = cx.params.version
  const found = await cx.store.vaultObjects.version(cx.grant, placeOf(cx, 'keys'), wanted)
  if (!found) throw notFound('keys', wanted === undefined ? cx.name : `${cx.name}/${wanted}`)
  return found
}

export function refuseDisabled({ version }: FoundVersion, operation: string): void {
  if (!version.enabled) throw isDisabled('keys', operation)
}

/** Opens the private part of a key for the use that was asked for, if it is fit for that. Throws 403 and 404. */
export async function keyForUse(cx: VaultContext, use: KeyUse): Promise<UsedKey> {
  const found = await findKey(cx)
  refuseDisabled(found, use)
  if (protects.includes(use)) refuseOutOfTime(found, use, cx.now)
  const body = keyBody(found)
  if (!body.keyOps.includes(use)) throw notPermitted(use)
  const secret = await cx.store.vaultObjects.unseal(cx.grant, placeOf(cx, 'keys'), found.version.version)
  if (!secret) throw new Error(`a key without material: ${cx.vault.name}/${found.object.name}`)
  const kid = idOf({ ...cx, ...found }, 'keys', found.version.version)
  return { kid, kty: body.kty, material: materialOfVersion(body, secret) }
}

// Outside of its dates a key protects nothing new, but whatever it has protected can still be opened and checked.
const protects: readonly KeyUse[] = ['encrypt', 'sign', 'wrapKey']

function refuseOutOfTime({ version }: FoundVersion, use: KeyUse, now: number): void {
  const { notBefore, expires } = version
  if (notBefore !== undefined && now < notBefore * 1000) {
    throw forbidden(`Operation ${use} is not allowed on a key that is not yet valid.`, 'KeyNotYetValid')
  }
  if (expires !== undefined && now >= expires * 1000) {
    throw forbidden(`Operation ${use} is not allowed on an expired key.`, 'KeyExpired')
  }
}

export const notPermitted = (use: string) =>
  forbidden(`Operation ${use} is not permitted on this key.`, 'KeyOperationForbidden')

/** Bytes, as requests carry them. */
export const bytes = z.string().transform((text, { issues }) => {
  const decoded = fromBase64url(text)
  if (decoded) return decoded
  issues.push({ code: 'custom', message: 'base64url was expected', input: text })
  return z.NEVER
})
