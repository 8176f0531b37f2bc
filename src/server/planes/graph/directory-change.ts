import type { Context, Operation } from '../../door/operation.ts'
import { operation } from '../../door/operation.ts'

type Change = {
  readonly route: string
  /** Such as `microsoft.directory/applications/create`. */
  readonly action: string
  run(cx: Context<'write'>): Promise<Response>
}

/**
 * An operation that changes the directory. Whoever may set a password or add a credential can become anyone, so a role
 * that manages everything but access (Contributor at `/`) must not suffice: the caller has to be one who may assign
 * roles there, too.
 */
export const directoryChange = ({ route, action, run }: Change): Operation =>
  operation<'write'>({
    name: action,
    route,
    access: { verb: 'write', action, on: () => '/' },
    async run(cx) {
      await cx.authorize('write', 'Microsoft.Authorization/roleAssignments/write', '/')
      return run(cx)
    },
  })

/** An operation that shows what is in the directory. */
export const directoryRead = (route: string, run: (cx: Context) => Promise<Response>): Operation =>
  operation({
    name: `microsoft.directory${route.slice(route.indexOf('/')).replaceAll(/\/:[^/]+/g, '')}/read`,
    route,
    access: { signedIn: 'whoever is in a directory may see who else is; credentials are never shown' },
    run,
  })
