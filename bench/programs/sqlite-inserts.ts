/** What the database itself can do: a row like a resource group's, a commit each, synced to disk. Prints { perSec }. */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'

const { folder, seconds } = JSON.parse(await text(process.stdin)) as { folder: string; seconds: number }

const place = mkdtempSync(join(folder, 'sqlite-'))
const db = new DatabaseSync(join(place, 'raw.sqlite'))
db.exec(
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE resources (key TEXT PRIMARY KEY, body TEXT)',
)
const insert = db.prepare('INSERT INTO resources VALUES (?, ?)')
const body = JSON.stringify({ location: 'westeurope', properties: { provisioningState: 'Succeeded' } })

const start = performance.now()
let count = 0
for (; performance.now() - start < seconds * 1000; count++) {
  insert.run(`/subscriptions/${randomUUID()}/resourcegroups/bench-${count}`, body)
}
const perSec = (count * 1000) / (performance.now() - start)
db.close()
rmSync(place, { recursive: true })
process.stdout.write(JSON.stringify({ perSec }))
