import type { Operation } from '../../door/operation.ts'
import { directoryRead } from './directory-change.ts'
import { listed } from './listing.ts'

export const organization: readonly Operation[] = [
  directoryRead('GET /organization', async cx => {
    const { tenantId, tenantDomain, displayName } = cx.directory
    const domain = { name: tenantDomain, isDefault: true, isInitial: true, type: 'Managed', capabilities: 'Email' }
    return listed(cx, 'organization', [{ id: tenantId, displayName, tenantType: 'AAD', verifiedDomains: [domain] }])
  }),

  // There are no groups, and a client that asks who is in which must hear so.
  directoryRead('GET /groups', async cx => listed(cx, 'groups', [])),
]
