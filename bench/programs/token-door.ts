/**
 * The authority without a network: requests for fresh tokens, straight to the door, several under way at a time.
 * Prints { perSec, bytes }: the rate, and how many bytes of a token are signed.
 */

import { text } from 'node:stream/consumers'
import { authorityPlane } from '../../src/server/planes/authority/plane.ts'
import { openLazuli } from '../../src/server/testing/open-lazuli.ts'
import { lifetime } from './lifetime.ts'
import { perCoreSecond } from './stopwatch.ts'

const { concurrent, seconds } = JSON.parse(await text(process.stdin)) as { concurrent: number; seconds: number }

await using end = lifetime()
const { administrator, request } = await openLazuli(end, { planes: parts => [authorityPlane(parts)] })
const { tenantId, clientId, clientSecret } = administrator
const url = `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`
const body = new URLSearchParams({
  grant_type: 'client_credentials',
  client_id: clientId,
  client_secret: clientSecret,
  scope: 'https://management.azure.com/.default',
}).toString()
const headers = { 'content-type': 'application/x-www-form-urlencoded' }

async function fresh(): Promise<string> {
  const response = await request('POST', url, { body, headers })
  const { access_token: token } = (await response.json()) as { access_token?: string }
  if (!token) throw new Error(`no token: status ${response.status}`)
  return token
}

const token = await fresh()
await perCoreSecond(fresh, { ms: 1_000, concurrent })
const perSec = await perCoreSecond(fresh, { ms: seconds * 1000, concurrent })
process.stdout.write(JSON.stringify({ perSec, bytes: token.lastIndexOf('.') }))
