import type { Plane } from '../../door/plane.ts'
import type { Parts } from '../../parts.ts'
import { openExternalIssuers } from './assertions/external-issuers.ts'
import type { Authority } from './authority.ts'
import { showSignIn, signIn } from './authorize.ts'
import { deviceAuthorization } from './device-authorization.ts'
import { deviceSignIn, showDeviceSignIn } from './device-sign-in.ts'
import { discoveryDocument } from './discovery-document.ts'
import { instanceDiscovery } from './instance-discovery.ts'
import { keyDocument } from './key-document.ts'
import { nothingHere } from './refusals/request.ts'
import { renderError } from './render-error.ts'
import { openSignInGuard } from './sign-in-guard.ts'
import { signOut } from './sign-out.ts'
import { token } from './token.ts'
import { userRealm } from './user-realm.ts'

type AuthorityParts = Pick<Parts, 'config' | 'clock' | 'store' | 'directory'>

/**
 * Where tokens come from. `fetch` reaches the identity providers that federated credentials name.
 */
export function authorityPlane(
  { config, clock, store, directory }: AuthorityParts,
  { fetch = globalThis.fetch }: { fetch?: typeof globalThis.fetch } = {},
): Plane {
  const authority: Authority = {
    directory,
    config,
    guard: openSignInGuard({ store, clock }),
    issuers: openExternalIssuers({ fetch, now: () => clock.now() - clock.shiftMs }),
  }
  const inBothVersions = [discoveryDocument, keyDocument, token, deviceAuthorization, showSignIn, signIn, signOut]
  return {
    name: 'authority',
    operations: [
      ...inBothVersions.flatMap(operation => [operation(authority, 'v1'), operation(authority, 'v2')]),
      ...[instanceDiscovery, userRealm, showDeviceSignIn, deviceSignIn].map(operation => operation(authority)),
    ],
    // Nothing here is opened by a token.
    acceptsAudience: () => false,
    notFound: ({ url }) => nothingHere(url.pathname),
    unauthenticated: ({ url }) => nothingHere(url.pathname),
    forbidden: (_caller, _action, scope) => nothingHere(scope),
    renderError,
  }
}
