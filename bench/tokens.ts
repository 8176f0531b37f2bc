import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { localhostCertificate } from './certificate.ts'
import { formType, openServer, type Server, tokenEndpoint, tokenForm } from './lazuli.ts'
import { inTurn, load, loadPerCoreSecond } from './load.ts'
import { peer, peersFolder } from './peers.ts'
import { result, start } from './program.ts'
import { heading, measured, note, ratio } from './report.ts'

const rounds = 3
const seconds = 3
const connections = 32

const own = (name: string) => [process.execPath, join(import.meta.dirname, 'programs', `${name}.ts`)]

/** Fresh tokens through the authority, and cached ones through the metadata address. */
export async function tokens(place: { program: string; folder: string }): Promise<void> {
  await freshTokens(place)
  await cachedTokens()
}

async function freshTokens({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading(`Fresh RS256 access tokens over TLS: client credentials with a secret, ${connections} connections`)
  const open = { program, machines: 'none' } as const
  await using server = await openServer({ ...open, data: join(folder, 'tokens'), side: 'server' })
  await using free = await openServer({ ...open, data: join(folder, 'tokens-free') })
  await using other = await openPeer(folder)

  const bytes = (await server.token()).lastIndexOf('.')
  const argv = own('rsa-signatures')
  const samples = await inTurn(rounds, {
    raw: async () => (await result<{ perSec: number }>({ argv, side: 'server', input: { bytes, seconds } })).perSec,
    ours: () => loadPerCoreSecond(server.pid, tokenRequests(server)),
    theirs: () => loadPerCoreSecond(other.pid, other.requests),
    free: async () => (await load(tokenRequests(free), undefined)).perSec,
  })
  const name = peer('oidc-provider')
  measured(`crypto.sign('RSA-SHA256'), ${bytes} bytes, no TLS`, samples.raw, 'per core second')
  measured('Lazuli', samples.ours, 'per core second')
  measured(name, samples.theirs, 'per core second')
  ratio(`  Lazuli to ${name}`, samples.ours, samples.theirs, { atLeast: 1 })
  ratio('  Lazuli to crypto.sign', samples.ours, samples.raw)
  measured('Lazuli, server and load on all cores', samples.free, 'per second')
  ratio('  to crypto.sign in one thread', samples.free, samples.raw, { atLeast: 0.8 })
  note('Each of Lazuli’s checks the secret and the block on guessing, and leaves two audit rows.')
}

const tokenRequests = ({ url, installation }: Server) => ({
  url: tokenEndpoint(url, installation),
  method: 'POST',
  headers: formType,
  body: tokenForm(installation),
  connections,
  seconds,
})

async function openPeer(folder: string) {
  const client = { clientId: 'bench', clientSecret: randomBytes(32).toString('base64url') }
  const program = start({
    argv: [process.execPath, join(peersFolder, 'oidc-provider.mjs')],
    side: 'server',
    input: {
      ...client,
      ...(await localhostCertificate(join(folder, 'peer'))),
      signingKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
      resource: 'https://management.azure.com',
    },
  })
  const { port } = await program.json<{ port: number }>()
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_secret: client.clientSecret,
  }).toString()
  const url = `https://localhost:${port}/token`
  return Object.assign(program, { requests: { url, method: 'POST', headers: formType, body, connections, seconds } })
}

async function cachedTokens(): Promise<void> {
  heading('Cached managed-identity tokens: GET /metadata/identity/oauth2/token')
  await using server = start({ argv: own('metadata-server'), side: 'server' })
  const { port } = await server.json<{ port: number }>()
  const resource = encodeURIComponent('https://management.azure.com/')
  const url = `http://127.0.0.1:${port}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${resource}`
  const wish = { url, method: 'GET', headers: { metadata: 'true' }, connections, seconds }
  const { cached } = await inTurn(rounds, { cached: () => loadPerCoreSecond(server.pid, wish) })
  measured(`Lazuli, ${connections} connections`, cached, 'per core second', { atLeast: 10_000 })
}
