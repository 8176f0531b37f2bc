/** An identity provider such as a CI system has: an https server with a discovery document and a set of keys. */

import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { succeed } from '../run-program.ts'

export type Issuer = {
  readonly url: string
  /** Who vouches for its https certificate. */
  readonly caFile: string
  /** The private key, as PEM, that the published one belongs to; its id is `issuer-key`. */
  readonly keyFile: string
}

export const issuerKeyId = 'issuer-key'

export async function startIssuer(t: TestContext): Promise<Issuer> {
  const folder = await mkdtemp(join(tmpdir(), 'issuer-'))
  t.after(() => rm(folder, { recursive: true }))
  const at = (name: string) => join(folder, name)

  // Its own CA, because a self-signed certificate that is its own CA is refused by some TLS stacks.
  const openssl = (...args: string[]) => succeed(['openssl', ...args], { env: { PATH: process.env.PATH ?? '' } })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=CA', '-days', '2')
  await openssl('req', ...key, '-keyout', at('tls.key'), '-out', at('tls.csr'), '-subj', '/CN=localhost')
  await writeFile(at('extensions'), 'subjectAltName=DNS:localhost\n')
  const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2']
  await openssl('x509', '-req', '-in', at('tls.csr'), ...signer, '-extfile', at('extensions'), '-out', at('tls.pem'))

  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await writeFile(at('signing.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: issuerKeyId, use: 'sig', alg: 'RS256' }

  const [tlsKey, tlsCertificate] = await Promise.all([readFile(at('tls.key')), readFile(at('tls.pem'))])
  const server = createServer({ key: tlsKey, cert: tlsCertificate }, (request, response) => {
    const documents: Record<string, unknown> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
      '/keys': { keys: [jwk] },
    }
    const document = documents[request.url ?? '']
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' })
    response.end(document && JSON.stringify(document))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `https://localhost:${(server.address() as AddressInfo).port}`
  return { url, caFile: at('ca.pem'), keyFile: at('signing.key') }
}
