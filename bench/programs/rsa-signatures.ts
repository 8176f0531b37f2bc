/** What one thread can sign at most: RS256 signatures over as many bytes as our tokens have. Prints { perSec }. */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { perCoreSecond } from './stopwatch.ts'

const { bytes, seconds } = JSON.parse(await text(process.stdin)) as { bytes: number; seconds: number }

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const content = randomBytes(bytes)
const perSec = await perCoreSecond(() => sign('RSA-SHA256', content, privateKey), { ms: seconds * 1000, concurrent: 1 })
process.stdout.write(JSON.stringify({ perSec }))
