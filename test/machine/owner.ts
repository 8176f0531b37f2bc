/** A process that owns a driver and makes machines, for a test to kill. Prints what it has made, one JSON object a line. */

import type { Place } from './rig.ts'
import { openDriver } from './rig.ts'

const place: Place = JSON.parse(process.argv[2] ?? '')
const { create } = await openDriver(place)
process.stdout.write('open\n')
for (;;) {
  const machine = await create()
  process.stdout.write(`${JSON.stringify(machine)}\n`)
}
