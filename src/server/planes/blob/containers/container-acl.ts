import { readText } from '../../../door/body.ts'
import { operation } from '../../../door/operation.ts'
import { isOrderedPermission } from '../../../signatures/sas-permissions.ts'
import { parseSasTime } from '../../../signatures/sas-time.ts'
import type { StoredPolicy } from '../../../store/blob-containers.ts'
import { newEtag } from '../../../store/blob-etag.ts'
import { readsAcl, writesAcl } from '../access.ts'
import { empty, validators, xml } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { checkRead } from '../lease.ts'
import { accountOf, containerOf } from '../place.ts'
import { bodyTooLarge, invalidXml } from '../refusals.ts'
import { child, childText, element, type Node, parsedXml } from '../xml.ts'
import { publicAccessFrom } from './public-access-header.ts'

const path = '/:account/:container'
const query = 'restype=container&comp=acl'

/** Who may look in without a name, and the policies that signatures can name. */
export const getContainerAcl = ['GET', 'HEAD'].map(method =>
  operation<'read'>({
    name: 'Microsoft.Storage/storageAccounts/blobServices/containers/getAcl/action',
    route: `${method} ${path}`,
    query,
    access: readsAcl,
    async run(cx) {
      const container = await containerOf(cx, cx.store)
      checkRead(container.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'container')
      const headers = { ...validators(container), 'x-ms-blob-public-access': container.publicAccess }
      return method === 'HEAD' ? empty(200, headers) : xml(200, aclXml(container.policies), headers)
    },
  }),
)

/** Replaces them all, and is effective on the next request. */
export const setContainerAcl = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/setAcl/action',
  route: `PUT ${path}`,
  query,
  access: writesAcl,
  async run(cx) {
    const { headers } = cx.request
    const publicAccess = publicAccessFrom(headers, await accountOf(cx))
    const text = await readText(cx.request, 64 * 1024, bodyTooLarge)
    const policies = text.trim() === '' ? [] : await policiesIn(text)
    const after = await cx.store.write(async tx => {
      const before = await containerOf(cx, tx)
      checkRead(before.lease, headers.get('x-ms-lease-id'), cx.now, 'container')
      checkConditions(headers, before, 'write')
      const container = { ...before, policies, publicAccess, etag: newEtag(), changedAt: cx.now }
      await tx.blobContainers.update(cx.grant, container)
      return container
    })
    return empty(200, validators(after))
  },
})

const aclXml = (policies: readonly StoredPolicy[]) => {
  const identifiers = policies.map(({ id, start, expiry, permission }) => {
    const policy = element('Start', start) + element('Expiry', expiry) + element('Permission', permission)
    return `<SignedIdentifier>${element('Id', id)}<AccessPolicy>${policy}</AccessPolicy></SignedIdentifier>`
  })
  return `<SignedIdentifiers>${identifiers.join('')}</SignedIdentifiers>`
}

async function policiesIn(text: string): Promise<StoredPolicy[]> {
  const identifiers = await parsedXml(text, 'SignedIdentifiers')
  if (identifiers.length > 5) throw invalidXml('A container has at most 5 stored policies.')
  const policies = identifiers.map(identifier => {
    const parts = identifier.children
    const id = childText(parts, 'Id') ?? ''
    if (identifier.name !== 'SignedIdentifier' || id === '' || id.length > 64)
      throw invalidXml('An Id has 1 to 64 characters.')
    const fields = child(parts, 'AccessPolicy')?.children ?? []
    return { id, ...timeIn(fields, 'Start', 'start'), ...timeIn(fields, 'Expiry', 'expiry'), ...permissionIn(fields) }
  })
  if (new Set(policies.map(({ id }) => id)).size < policies.length) throw invalidXml('An Id is given more than once.')
  return policies
}

function timeIn<Name extends string>(fields: readonly Node[], tag: string, name: Name) {
  const text = childText(fields, tag) ?? ''
  if (text !== '' && parseSasTime(text) === undefined) throw invalidXml(`${tag} is not a time.`)
  return (text === '' ? {} : { [name]: text }) as { [K in Name]?: string }
}

function permissionIn(fields: readonly Node[]): { permission?: string } {
  const permission = childText(fields, 'Permission') ?? ''
  if (!isOrderedPermission('service', permission))
    throw invalidXml('Permission has letters that are none, or in another order.')
  return permission === '' ? {} : { permission }
}
