import type { Change } from '../../../access/grant.ts'
import type { FoundVersion } from '../../../store/vault-objects.ts'
import { addKeyVersion } from '../../../vaults/add-key-version.ts'
import { generateMaterial, sortOf } from '../../../vaults/cryptography/key-material.ts'
import { keyVersion, materialOfVersion } from '../../../vaults/key-version.ts'
import { isManaged, notFound } from '../../../vaults/refusals.ts'
import { placeOf } from '../objects/kind.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'
import { keyBody, keyKind } from './key.ts'

export const rotateKey = vaultOperation<'action'>({
  route: 'POST /keys/:name/rotate',
  action: 'keys/rotate/action',
  permission: 'keys/rotate',
  verb: 'action',
  at: 'keys',
  async run(cx) {
    return answer(cx, keyKind.bundle({ ...cx, ...(await rotated(cx)) }))
  },
})

/** A new version of the same sort, for the same uses. The old one goes on opening what it has closed. */
export async function rotated(
  cx: Pick<VaultContext<Change>, 'store' | 'grant' | 'vault' | 'name' | 'now'>,
): Promise<FoundVersion> {
  const place = placeOf(cx, 'keys')
  const found = await cx.store.vaultObjects.version(cx.grant, place)
  if (!found) throw notFound('keys', cx.name)
  if (found.object.managed) throw isManaged('keys', 'rotate')
  const secret = await cx.store.vaultObjects.unseal(cx.grant, place, found.version.version)
  if (!secret) throw new Error(`a key without material: ${cx.vault.name}/${found.object.name}`)
  const { kty, keyOps } = keyBody(found)
  const material = await generateMaterial(sortOf(materialOfVersion(keyBody(found), secret)))
  const { tags } = found.version
  const version = { enabled: true, ...(tags ? { tags } : {}), ...keyVersion(material, { kty, keyOps }) }
  return cx.store.write(tx => addKeyVersion(tx, cx.grant, place, version, cx.now))
}
