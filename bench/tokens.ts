import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { openLocalCa } from '../src/server/certificates/local-ca.ts'
import { createSecureContexts } from '../src/server/certificates/secure-contexts.ts'
import { formType, openServer, tokenEndpoint, tokenForm } from './lazuli.ts'
import { inTurn, loadPerCoreSecond } from './load.ts'
import { peer, peersFolder } from './peers.ts'
import { result, start } from './program.ts'
import { heading, measured, note, ratio } from './report.ts'

const rounds = 3
const seconds = 3
const connections = 32

const own = (name: string) => [process.execPath, join(import.meta.dirname, 'programs', `${name}.ts`)]

/** Fresh tokens through the authority, and cached ones through the metadata address, in a second on one processor. */
export async function tokens(place: { program: string; folder: string }): Promise<void> {
  await freshTokens(place)
  await cachedTokens()
}

async function freshTokens({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading('Fresh RS256 access tokens: client credentials with a secret')
  await using server = await openServer({ program, data: join(folder, 'tokens'), machines: 'none', side: 'server' })
  const { url, installation } = server
  const client = { clientId: 'bench', clientSecret: 'a secret that is only good for this benchmark' }
  await using other = start({
    argv: [process.execPath, join(peersFolder, 'oidc-provider.mjs')],
    side: 'server',
    env: { ...process.env, NODE_ENV: 'production' },
    input: {
      ...client,
      ...(await localhostCertificate(join(folder, 'peer'))),
      signingKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
      resource: 'https://management.azure.com',
    },
  })
  const { port } = await other.json<{ port: number }>()
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_secret: client.clientSecret,
  }).toString()

  const post = (pid: number, endpoint: string, form: string) =>
    loadPerCoreSecond(pid, { url: endpoint, method: 'POST', headers: formType, body: form, connections, seconds })
  const input = { concurrent: connections, seconds }
  const door = () => result<{ perSec: number; bytes: number }>({ argv: own('token-door'), side: 'server', input })
  const { bytes } = await door()
  const samples = await inTurn(rounds, {
    raw: async () =>
      (await result<{ perSec: number }>({ argv: own('rsa-signatures'), side: 'server', input: { bytes, seconds } }))
        .perSec,
    door: async () => (await door()).perSec,
    ours: () => post(server.pid, tokenEndpoint(url, installation), tokenForm(installation)),
    theirs: () => post(other.pid, `https://localhost:${port}/token`, body),
  })
  const name = peer('oidc-provider')
  measured(`crypto.sign('RSA-SHA256'), ${bytes} bytes, one thread`, samples.raw, 'per core second')
  measured('Lazuli, request to response, no network', samples.door, 'per core second')
  ratio('  to crypto.sign', samples.door, samples.raw, { atLeast: 0.8 })
  measured(`Lazuli over TLS, ${connections} connections`, samples.ours, 'per core second')
  measured(`${name} over TLS, ${connections} connections`, samples.theirs, 'per core second')
  ratio(`  Lazuli to ${name}`, samples.ours, samples.theirs, { atLeast: 1 })
  ratio('  Lazuli over TLS to crypto.sign', samples.ours, samples.raw)
  note('Lazuli reads application, secret, principal and failures from its database each time and writes an audit row.')
}

async function cachedTokens(): Promise<void> {
  heading('Cached managed-identity tokens: GET /metadata/identity/oauth2/token')
  await using server = start({ argv: own('metadata-server'), side: 'server' })
  const { port } = await server.json<{ port: number }>()
  const resource = encodeURIComponent('https://management.azure.com/')
  const url = `http://127.0.0.1:${port}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${resource}`
  const headers = { metadata: 'true' }
  const get = (connections: number) =>
    loadPerCoreSecond(server.pid, { url, method: 'GET', headers, connections, seconds })
  const samples = await inTurn(rounds, { few: () => get(1), many: () => get(connections) })
  measured('1 connection', samples.few, 'per core second')
  measured(`${connections} connections`, samples.many, 'per core second', { atLeast: 10_000 })
}

/** The same kind of certificate as ours, so that both sides' TLS costs the same. */
async function localhostCertificate(directory: string): Promise<{ key: string; cert: string }> {
  const clock = { now: Date.now }
  const names = { dns: ['localhost'], addresses: [] }
  const ca = await openLocalCa({ dir: directory, clock, names })
  return createSecureContexts({ ca, names, clock }).addressCredentials()
}
