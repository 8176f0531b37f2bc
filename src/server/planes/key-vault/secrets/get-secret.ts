import { isDisabled, notFound } from '../../../vaults/refusals.ts'
import { placeOf } from '../objects/kind.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'
import { converted, wantedContentType } from './out-content-type.ts'
import { secretKind } from './secret.ts'

/** The value of the newest version, or of the one named. */
export const getSecret = ['', '/:version'].map(version =>
  vaultOperation<'read'>({
    route: `GET /secrets/:name${version}`,
    action: 'secrets/getSecret/action',
    permission: 'secrets/get',
    verb: 'read',
    at: 'secrets',
    run: readValue,
  }),
)

async function readValue(cx: VaultContext<'read'>): Promise<Response> {
  const place = placeOf(cx, 'secrets')
  const wanted = cx.params.version
  const found = await cx.store.vaultObjects.version(cx.grant, place, wanted)
  if (!found) throw notFound('secrets', wanted === undefined ? cx.name : `${cx.name}/${wanted}`)
  // Outside of its dates a value is still read: they are for the reader to heed.
  if (!found.version.enabled) throw isDisabled('secrets', 'get')
  const sealed = await cx.store.vaultObjects.unseal(cx.grant, place, found.version.version)
  const value = sealed?.toString() ?? ''
  const bundle = secretKind.bundle({ ...cx, ...found })
  const contentType = wantedContentType(cx)
  if (contentType === undefined) return answer(cx, { value, ...bundle })
  return answer(cx, { ...bundle, ...(await converted(cx, found, value, contentType)) })
}
