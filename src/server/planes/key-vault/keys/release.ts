import { badParameter } from '../../../vaults/refusals.ts'
import { vaultOperation } from '../vault-operation.ts'
import { findKey, notPermitted } from './use-key.ts'

// A key is released to whom Azure's attestation service vouches for, and its hardware attests where it was made. There
// is neither here: no key is exportable, and what comes with software keys is the refusal that Azure has for those.

export const releaseKey = ['', '/:version'].map(version =>
  vaultOperation<'action'>({
    route: `POST /keys/:name${version}/release`,
    action: 'keys/release/action',
    permission: 'keys/release',
    verb: 'action',
    changes: false,
    at: 'keys',
    async run(cx) {
      await findKey(cx)
      throw notPermitted('release')
    },
  }),
)

export const getKeyAttestation = ['', '/:version'].map(version =>
  vaultOperation<'read'>({
    route: `GET /keys/:name${version}/attestation`,
    action: 'keys/read',
    permission: 'keys/get',
    verb: 'read',
    at: 'keys',
    async run(cx) {
      await findKey(cx)
      throw badParameter('Key attestation is only supported by managed HSMs.')
    },
  }),
)
