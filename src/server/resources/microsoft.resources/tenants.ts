import { apiVersionOf } from '../../arm/api-version.ts'
import { type Operation, operation } from '../../door/operation.ts'
import { resourcesVersions } from './api-versions.ts'

/** The one directory that everybody who has a token is in. */
export const tenantOperations: readonly Operation[] = [
  operation({
    name: 'Microsoft.Resources/tenants/read',
    route: 'GET /tenants',
    access: { signedIn: 'the caller is told which directory its own token is from' },
    run(cx) {
      const apiVersion = apiVersionOf(cx.url, resourcesVersions)
      const { tenantId, displayName, tenantDomain } = cx.directory
      const tenant = { id: `/tenants/${tenantId}`, tenantId }
      const described = {
        ...tenant,
        countryCode: 'US',
        displayName,
        domains: [tenantDomain],
        tenantCategory: 'Home',
        defaultDomain: tenantDomain,
        tenantType: 'AAD',
      }
      return Response.json({ value: [apiVersion < '2019-03-01' ? tenant : described] })
    },
  }),
]
