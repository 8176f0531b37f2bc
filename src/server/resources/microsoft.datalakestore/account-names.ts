import * as z from 'zod'
import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'
import { dataLakeVersions } from './api-versions.ts'
import { nameRule } from './errors.ts'

const seeName = systemGrant('tell whether the name of a Data Lake Store account is taken')
const question = z.looseObject({ name: z.string(), type: z.string() })

/** Whether a name can still be had: they are unique beyond groups and subscriptions. */
export const checkDataLakeName = operation<'action'>({
  name: 'Microsoft.DataLakeStore/locations/checkNameAvailability/action',
  route:
    'POST /subscriptions/:subscriptionId/providers/Microsoft.DataLakeStore/locations/:location/checkNameAvailability',
  access: {
    verb: 'action',
    action: 'Microsoft.DataLakeStore/locations/checkNameAvailability/action',
    on: params => `/subscriptions/${params.subscriptionId}`,
  },
  changes: false,
  async run(cx) {
    apiVersionOf(cx.url, dataLakeVersions)
    const { name } = checked(question, await readJson(cx.request))
    if (!/^[a-z0-9]{3,24}$/.test(name)) {
      return Response.json({ nameAvailable: false, reason: 'Invalid', message: nameRule })
    }
    if (!(await cx.store.dataLakeAccounts.get(seeName, { name }))) return Response.json({ nameAvailable: true })
    const message = `An account named '${name}' already exists.`
    return Response.json({ nameAvailable: false, reason: 'AlreadyExists', message })
  },
})
