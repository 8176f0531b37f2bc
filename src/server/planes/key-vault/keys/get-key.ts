import { answer, vaultOperation } from '../vault-operation.ts'
import { keyKind } from './key.ts'
import { findKey, refuseDisabled } from './use-key.ts'

/** The public part of the newest version, or of the one named. */
export const getKey = ['', '/:version'].map(version =>
  vaultOperation<'read'>({
    route: `GET /keys/:name${version}`,
    action: 'keys/read',
    permission: 'keys/get',
    verb: 'read',
    at: 'keys',
    async run(cx) {
      const found = await findKey(cx)
      refuseDisabled(found, 'get')
      return answer(cx, keyKind.bundle({ ...cx, ...found }))
    },
  }),
)
