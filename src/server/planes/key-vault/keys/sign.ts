import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { checked } from '../../../vaults/attributes.ts'
import { toBase64url } from '../../../vaults/cryptography/base64url.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { bytes, keyForUse } from './use-key.ts'

const wish = z.looseObject({ alg: z.string(), value: bytes })

/** Signs a digest: the client has hashed what is to be signed. */
export const sign = ['', '/:version'].map(version =>
  vaultOperation<'action'>({
    route: `POST /keys/:name${version}/sign`,
    action: 'keys/sign/action',
    permission: 'keys/sign',
    verb: 'action',
    changes: false,
    at: 'keys',
    async run(cx) {
      const { alg, value } = checked(wish, await readJson(cx.request))
      const key = await keyForUse(cx, 'sign')
      const signature = await cx.keyOperations.sign(key, alg, value)
      return answer(cx, { kid: key.kid, value: toBase64url(signature) })
    },
  }),
)
