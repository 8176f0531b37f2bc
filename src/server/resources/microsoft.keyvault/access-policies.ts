import * as z from 'zod'
import { resourceId } from '../../../wire/resource-id.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked, withoutNulls } from '../../arm/envelope.ts'
import { resourceNotFound } from '../../arm/errors.ts'
import { readJson } from '../../door/body.ts'
import { operation, type Params } from '../../door/operation.ts'
import { filled } from '../../door/routes.ts'
import { type AccessPolicy, accessPolicy, propertiesOf } from '../../vaults/properties.ts'
import { keyVaultVersions } from './api-versions.ts'
import { callerOf, checkAccessPolicies, checkPermissions } from './check-access-policies.ts'
import { badRequest } from './refusals.ts'

export const accessPoliciesType = 'Microsoft.KeyVault/vaults/accessPolicies'

const path =
  '/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName/providers/Microsoft.KeyVault/vaults/:name'
const vaultOf = (params: Params) => resourceId(filled(path, params))

const wish = z.looseObject({ accessPolicies: z.array(accessPolicy) })

/**
 * Changes some of a vault's access policies without the others being sent: `add` joins permissions to what is there,
 * `replace` puts a principal's policy in the place of its old one, `remove` takes permissions away, and with the last
 * of them the policy.
 */
export const accessPolicies = operation({
  name: `${accessPoliciesType}/write`,
  route: `PUT ${path}/accessPolicies/:change`,
  access: {
    verb: 'write',
    action: `${accessPoliciesType}/write`,
    on: params => vaultOf(params).text,
  },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const kind = (cx.params.change ?? '').toLowerCase()
    if (!isChange(kind)) throw badRequest('The operation kind of access policies is add, replace or remove.')
    const body = withoutNulls(await readJson(cx.request)) as { properties?: unknown }
    const { accessPolicies: wanted } = checked(wish, body.properties, 'properties')
    checkPermissions(wanted)
    const id = vaultOf(cx.params)
    const vault = await cx.store.write(async tx => {
      const there = await tx.resources.get(cx.grant, id)
      if (!there) throw resourceNotFound(id)
      const before = propertiesOf(there).accessPolicies ?? []
      const policies = changed(before, wanted, kind)
      await checkAccessPolicies(tx, policies, { tenantId: cx.directory.tenantId, before })
      const properties = { ...there.body.properties, accessPolicies: policies }
      return tx.resources.put(cx.grant, there.id, { ...there.body, properties })
    })
    return Response.json({
      id: `${vault.id.text}/accessPolicies/`,
      type: accessPoliciesType,
      properties: { accessPolicies: propertiesOf(vault).accessPolicies },
    })
  },
})

const isChange = (text: string): text is 'add' | 'replace' | 'remove' => ['add', 'replace', 'remove'].includes(text)

const kinds = ['keys', 'secrets', 'certificates', 'storage'] as const

function changed(
  before: readonly AccessPolicy[],
  wanted: readonly AccessPolicy[],
  change: 'add' | 'replace' | 'remove',
): AccessPolicy[] {
  let policies = [...before]
  for (const policy of wanted) {
    const old = policies.find(one => callerOf(one) === callerOf(policy))
    const others = policies.filter(one => one !== old)
    if (change === 'replace' || (change === 'add' && !old)) policies = [...others, policy]
    else if (old) {
      const rest = combined(old, policy, change)
      policies = kinds.some(kind => (rest.permissions[kind]?.length ?? 0) > 0) ? [...others, rest] : others
    }
  }
  return policies
}

function combined(old: AccessPolicy, { permissions }: AccessPolicy, change: 'add' | 'remove'): AccessPolicy {
  const of = (kind: (typeof kinds)[number]) => {
    const named = (permissions[kind] ?? []).map(one => one.toLowerCase())
    const there = old.permissions[kind] ?? []
    if (change === 'remove') return there.filter(one => !named.includes(one.toLowerCase()))
    return [...there, ...named.filter(one => !there.some(known => known.toLowerCase() === one))]
  }
  return { ...old, permissions: Object.fromEntries(kinds.map(kind => [kind, of(kind)])) }
}
