import { type Operation, operation } from '../../door/operation.ts'
import type { Authority } from './authority.ts'

/** Where a person's password is checked. Always here, for every name: who has an account is not told. */
export const userRealm = (authority: Authority): Operation =>
  operation({
    name: 'authority/user-realm',
    route: 'GET /common/userrealm/:user',
    access: { open: 'clients ask how a person signs in before that person does; the answer is the same for everybody' },
    run: cx =>
      Response.json({
        ver: '1.0',
        account_type: 'Managed',
        domain_name: cx.params.user?.split('@')[1] ?? authority.directory.tenantDomain,
        cloud_instance_name: 'microsoftonline.com',
        cloud_audience_urn: 'urn:federation:MicrosoftOnline',
      }),
  })
