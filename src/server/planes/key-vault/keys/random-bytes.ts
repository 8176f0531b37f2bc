import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { checked } from '../../../vaults/attributes.ts'
import { answer, vaultOperation } from '../vault-operation.ts'

const wish = z.looseObject({ count: z.int().min(1).max(128) })

/** In Azure only a managed HSM does this. It says nothing about any key: who may see keys may have it. */
export const getRandomBytes = vaultOperation<'action'>({
  route: 'POST /rng',
  action: 'keys/read',
  permission: 'keys/get',
  verb: 'action',
  changes: false,
  async run(cx) {
    const { count } = checked(wish, await readJson(cx.request))
    return answer(cx, { value: randomBytes(count).toString('base64url') })
  },
})
