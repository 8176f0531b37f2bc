import * as z from 'zod'
import { checked } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'

const body = z.strictObject({ machines: z.enum(['keep', 'stop']).default('stop') })

/** Ends the server after it has answered. With `keep`, machines run on and are found again at the next start. */
export const stop = operation({
  name: 'Lazuli.Server/stop/action',
  route: 'POST /providers/Lazuli.Server/stop',
  access: { verb: 'action', action: 'Lazuli.Server/stop/action', on: () => '/' },
  async run(cx) {
    const { machines } = checked(body, await readJson(cx.request))
    cx.control.stop({ machines })
    return new Response(null, { status: 202 })
  },
})
