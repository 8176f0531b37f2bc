import { type Operation, operation } from '../../door/operation.ts'
import { type Authority, isOurHost, ownHosts, publicAliases } from './authority.ts'
import { missingParameter, unknownInstance } from './refusals/request.ts'

/** Tells client libraries that the authority they were given is genuine, and where its discovery document is. */
export const instanceDiscovery = (authority: Authority): Operation =>
  operation({
    name: 'authority/instance-discovery',
    route: 'GET /common/discovery/instance',
    access: { open: 'clients check the name of an authority before they trust it with a secret' },
    async run(cx) {
      const asked = cx.url.searchParams.get('authorization_endpoint')
      if (!asked) throw missingParameter('authorization_endpoint')
      const endpoint = URL.canParse(asked) ? new URL(asked) : undefined
      if (endpoint?.protocol !== 'https:' || !isOurHost(authority, endpoint.host)) throw unknownInstance()
      const [, tenant = 'common'] = endpoint.pathname.split('/')
      return Response.json({
        tenant_discovery_endpoint: `${endpoint.origin}/${tenant}/v2.0/.well-known/openid-configuration`,
        'api-version': '1.1',
        metadata: [network(publicAliases), ...ownHosts(authority).map(host => network([host]))],
      })
    },
  })

/** Names that share one cache of tokens at the client. */
const network = (aliases: readonly string[]) => ({
  preferred_network: aliases[0],
  preferred_cache: aliases[1] ?? aliases[0],
  aliases,
})
