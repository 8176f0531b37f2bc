import { notFound } from '../../../vaults/refusals.ts'
import { placeOf } from '../objects/kind.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { certificateKind } from './certificate.ts'

/** Also one that is disabled or has expired, and one that has not been issued yet. */
export const getCertificate = ['', '/:version'].map(version =>
  vaultOperation<'read'>({
    route: `GET /certificates/:name${version}`,
    action: 'certificates/read',
    permission: 'certificates/get',
    verb: 'read',
    at: 'certificates',
    async run(cx) {
      const wanted = cx.params.version
      const found = await cx.store.vaultObjects.version(cx.grant, placeOf(cx, 'certificates'), wanted)
      if (!found) throw notFound('certificates', wanted === undefined ? cx.name : `${cx.name}/${wanted}`)
      return answer(cx, certificateKind.bundle({ ...cx, ...found }))
    },
  }),
)
