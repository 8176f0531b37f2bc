import * as z from 'zod'
import { systemGrant } from '../../access/grant.ts'
import { checked } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'

export const clockShiftSetting = 'clock shift'
export const keepClock = systemGrant('remember the shift of the clock')

const body = z.strictObject({ shiftMs: z.int().min(-3_155_760_000_000).max(3_155_760_000_000) })

/** Moves Lazuli's clock, so that an expiry or a renewal can be tried today. */
export const clock = operation({
  name: 'Lazuli.Server/clock/write',
  route: 'PUT /providers/Lazuli.Server/clock',
  access: { verb: 'write', action: 'Lazuli.Server/clock/write', on: () => '/' },
  async run(cx) {
    const { shiftMs } = checked(body, await readJson(cx.request))
    await cx.store.write(tx => tx.settings.put(keepClock, clockShiftSetting, String(shiftMs)))
    cx.clock.shift(shiftMs)
    return Response.json({ now: new Date(cx.clock.now()).toISOString(), shiftMs })
  },
})
