// The load generator. Reads from standard input what to ask for, and prints what came back, both as JSON.
// `{n}` in the path becomes the number of the request. Plain JavaScript for the reason given in oidc-provider.mjs.

import { text } from 'node:stream/consumers'
import autocannon from 'autocannon'

const { url, method, headers, body, connections, seconds, amount, from } = JSON.parse(await text(process.stdin))

const { pathname, search } = new URL(url)
const path = decodeURIComponent(pathname) + search
let next = from
const numbered = request => ({ ...request, path: path.replace('{n}', String(next++)) })

const result = await autocannon({
  url,
  method,
  headers,
  connections,
  ...(amount === undefined ? { duration: seconds } : { amount }),
  ...(body === undefined ? {} : { body }),
  ...(path.includes('{n}') ? { requests: [{ setupRequest: numbered }] } : {}),
})
const answers = Object.fromEntries(Object.entries(result.statusCodeStats).map(([code, { count }]) => [code, count]))
process.stdout.write(
  JSON.stringify({
    requests: result.requests.total,
    perSec: result.requests.total / result.duration,
    answers,
    errors: result.errors + result.timeouts,
    latencyMs: { median: result.latency.p50, p99: result.latency.p99 },
    next,
  }),
)
