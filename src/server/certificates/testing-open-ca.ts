/** A process of its own that opens the CA in the folder of its first argument when told to, and says which it got. */

import { openLocalCa } from './local-ca.ts'
import { azureNames, realClock } from './testing.ts'

const [, , dir = ''] = process.argv

process.once('message', async () => {
  const { certificate } = await openLocalCa({ dir, clock: realClock, names: azureNames })
  process.send?.(certificate.fingerprint256, () => process.disconnect())
})
process.send?.('ready')
