import { readText } from '../../../door/body.ts'
import { operation } from '../../../door/operation.ts'
import { deriveDelegationKey } from '../../../signatures/delegation-key.ts'
import { formatSasTime, parseSasTime } from '../../../signatures/sas-time.ts'
import { delegates } from '../access.ts'
import { xml } from '../answer.ts'
import { delegationSecret } from '../delegation-secret.ts'
import { accountOf } from '../place.ts'
import * as refusals from '../refusals.ts'
import { childText, element, parsedXml } from '../xml.ts'

const longestMs = 7 * 24 * 60 * 60_000
/** Clients' clocks are a little ahead. */
const toleranceMs = 15 * 60_000

/** With which the caller signs on its own authority, for as long as it has that. */
export const getUserDelegationKey = operation<'action'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action',
  route: 'POST /:account',
  query: 'restype=service&comp=userdelegationkey',
  access: delegates,
  changes: false,
  async run(cx) {
    if (cx.caller.kind !== 'principal')
      throw refusals.authenticationFailed('Only authentication scheme Bearer is supported')
    const fields = await parsedXml(await readText(cx.request, 16 * 1024, refusals.bodyTooLarge), 'KeyInfo')
    const given = childText(fields, 'Start') ?? ''
    const start = given === '' ? cx.now : parseSasTime(given)
    if (start === undefined) throw refusals.invalidXml('Start is no time.')
    const expiry = parseSasTime(childText(fields, 'Expiry') ?? '')
    if (expiry === undefined) throw refusals.invalidXml('Expiry is missing or is no time.')
    if (expiry <= start || expiry > cx.now + longestMs + toleranceMs || expiry <= cx.now)
      throw refusals.invalidXml('Expiry must be after Start, and at most 7 days from now.')
    const delegatedTenantId = childText(fields, 'DelegatedUserTid') ?? ''
    if (delegatedTenantId.includes('\n')) throw refusals.invalidXml('DelegatedUserTid is no id of a tenant.')
    const account = await accountOf(cx)
    const key = {
      account: account.name,
      objectId: cx.caller.principal.objectId,
      tenantId: cx.directory.tenantId,
      start: formatSasTime(start),
      expiry: formatSasTime(expiry),
      service: 'b',
      version: cx.request.headers.get('x-ms-version') ?? '2018-11-09',
      delegatedTenantId,
      revocations: account.revocations,
    }
    const value = deriveDelegationKey(await delegationSecret(cx.store), key).toString('base64')
    return xml(
      200,
      `<UserDelegationKey>${element('SignedOid', key.objectId)}${element('SignedTid', key.tenantId)}${element('SignedStart', key.start)}${element('SignedExpiry', key.expiry)}${element('SignedService', key.service)}${element('SignedVersion', key.version)}${key.delegatedTenantId === '' ? '' : element('SignedDelegatedUserTid', key.delegatedTenantId)}${element('Value', value)}</UserDelegationKey>`,
    )
  },
})
