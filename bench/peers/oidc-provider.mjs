// The peer as a token server: client credentials answered with RS256 access tokens, in memory, over TLS.
// Reads { key, cert, signingKey, clientId, clientSecret, resource } from standard input; prints { ready, port }.
// Plain JavaScript, because its packages are only there once the benchmarks have installed them.

import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { Provider } from 'oidc-provider'

const { key, cert, signingKey, clientId, clientSecret, resource } = JSON.parse(await text(process.stdin))

const server = createServer({ key, cert, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] })
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address()

const provider = new Provider(`https://localhost:${port}`, {
  jwks: { keys: [{ ...signingKey, alg: 'RS256', use: 'sig', kid: 'bench' }] },
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
    },
  ],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope: 'read',
        audience: resource,
        accessTokenTTL: 3600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
})
server.on('request', provider.callback())
process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`)
process.on('SIGTERM', () => process.exit())
