/** What one thread can sign at most: RS256 signatures over as many bytes as our tokens have. Prints { perSec }. */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { text } from 'node:stream/consumers'

const { bytes, seconds } = JSON.parse(await text(process.stdin)) as { bytes: number; seconds: number }

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const content = randomBytes(bytes)
const start = performance.now()
let count = 0
for (; performance.now() - start < seconds * 1000; count++) sign('RSA-SHA256', content, privateKey)
process.stdout.write(JSON.stringify({ perSec: (count * 1000) / (performance.now() - start) }))
