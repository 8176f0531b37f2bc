import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { checked } from '../../../vaults/attributes.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { bytes, keyForUse } from './use-key.ts'

const wish = z.looseObject({ alg: z.string(), digest: bytes, value: bytes })

/** Whether `value` is a signature of the digest. A bad one is an answer, not an error. */
export const verify = ['', '/:version'].map(version =>
  vaultOperation<'action'>({
    route: `POST /keys/:name${version}/verify`,
    action: 'keys/verify/action',
    permission: 'keys/verify',
    verb: 'action',
    changes: false,
    at: 'keys',
    async run(cx) {
      const { alg, digest, value } = checked(wish, await readJson(cx.request))
      const key = await keyForUse(cx, 'verify')
      return answer(cx, { value: await cx.keyOperations.verify(key, alg, digest, value) })
    },
  }),
)
