/** Fetches scripts from where they are kept, as the machine. */

import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { ScriptSource } from '../../wire/goal-state.ts'

const mostBytes = 4 * 1024 * 1024
const mostRedirects = 5
const patienceMs = 60_000

/** Where distributions keep the authorities that a machine trusts: Debian's and SUSE's place, and that of Red Hat's. */
const trusted = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem']

/** The text of a script. Rejects with the reason, in which no query is shown: its signature is a secret. */
export async function scriptText(source: ScriptSource): Promise<string> {
  if ('script' in source) return source.script
  const { uri, identity } = source
  const headers =
    identity === null ? {} : { authorization: `Bearer ${await storageToken(identity)}`, 'x-ms-version': '2021-08-06' }
  let url = new URL(uri)
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const sent = url.origin === new URL(uri).origin ? headers : {}
    const { status, location, text } = await get(url, sent)
    if (status === 200) return text
    if (location === undefined || status < 300 || status > 399)
      throw new Error(`${url.origin}${url.pathname} answers ${status}`)
    url = new URL(location, url)
  }
  throw new Error(`${uri.split('?')[0]} leads from one place to another`)
}

/** Of the identity that is named, else of the machine's own. */
async function storageToken({ clientId, objectId }: { clientId?: string; objectId?: string }): Promise<string> {
  const query = new URLSearchParams({
    ...{ 'api-version': '2018-02-01', resource: 'https://storage.azure.com/' },
    ...(clientId === undefined ? {} : { client_id: clientId }),
    ...(objectId === undefined ? {} : { object_id: objectId }),
  })
  const url = new URL(`http://169.254.169.254/metadata/identity/oauth2/token?${query}`)
  const { status, text } = await get(url, { metadata: 'true' })
  if (status !== 200) throw new Error(`the machine gets no token for it: ${text.slice(0, 500)}`)
  return JSON.parse(text).access_token
}

type Answer = { readonly status: number; readonly location: string | undefined; readonly text: string }

function get(url: URL, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const tls = url.protocol === 'https:'
  if (!tls && url.protocol !== 'http:') throw new Error(`${url.protocol} is no protocol for scripts`)
  const options = { headers, timeout: patienceMs, agent: false as const, ...(tls ? { ca: authorities() } : {}) }
  return new Promise((resolve, reject) => {
    const asked = (tls ? httpsRequest : httpRequest)(url, options, async response => {
      try {
        const chunks: Buffer[] = []
        let length = 0
        for await (const chunk of response) {
          length += chunk.length
          if (length > mostBytes) throw new Error(`it is larger than ${mostBytes} bytes`)
          chunks.push(chunk)
        }
        const { statusCode: status = 0, headers } = response
        resolve({ status, location: headers.location, text: Buffer.concat(chunks).toString('utf8') })
      } catch (error) {
        reject(error)
      }
    })
    asked.once('timeout', () => asked.destroy(new Error(`no answer in ${patienceMs / 1000} s`)))
    asked.once('error', reject)
    asked.end()
  })
}

/** The machine's own list, to which its administrator may have added; Node's where there is none. */
function authorities(): string | undefined {
  for (const file of trusted) {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      // Whatever keeps it from being read, the next may be there.
    }
  }
  return undefined
}
