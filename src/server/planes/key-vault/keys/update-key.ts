import { readJson } from '../../../door/body.ts'
import { checked } from '../../../vaults/attributes.ts'
import { keyWish, refuseRelease, uniqueUses } from '../../../vaults/key-wish.ts'
import { placeOf } from '../objects/kind.ts'
import { scheduleNext } from '../objects/schedule.ts'
import { updateVersion } from '../objects/update.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { keyKind } from './key.ts'

export const updateKey = ['', '/:version'].map(version =>
  vaultOperation<'write'>({
    route: `PATCH /keys/:name${version}`,
    action: 'keys/update/action',
    permission: 'keys/update',
    verb: 'write',
    at: 'keys',
    async run(cx) {
      const asked = checked(keyWish, await readJson(cx.request))
      refuseRelease(asked)
      const { key_ops, attributes, tags } = asked
      const updated = await updateVersion(
        cx,
        keyKind,
        { attributes, tags, body: before => ({ ...before, ...uniqueUses(key_ops) }) },
        tx => scheduleNext(tx, cx.grant, keyKind, placeOf(cx, 'keys')),
      )
      return answer(cx, keyKind.bundle({ ...cx, ...updated }))
    },
  }),
)
