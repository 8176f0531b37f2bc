import { parseResourceId, type ResourceId } from '../../../wire/resource-id.ts'
import { type Grant, systemGrant } from '../../access/grant.ts'
import { auditBesides } from '../../door/audit.ts'
import type { Context } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import type { Vault } from '../../store/vaults.ts'
import { propertiesOf } from '../../vaults/properties.ts'
import { isDisabled, notFound } from '../../vaults/refusals.ts'
import * as refusals from './errors.ts'
import type { VaultReference } from './template.ts'

/**
 * Parameters whose values are secrets in a vault, https://aka.ms/arm-keyvault. The resource manager reads them itself,
 * from vaults that are enabled for template deployment, for who may use the vault in a deployment. Whether the same
 * caller may read secrets is not asked: they are given to the resources and to nobody else.
 */
const deploy = 'Microsoft.KeyVault/vaults/deploy/action'

const seeVault = systemGrant('see whether a vault gives its secrets to deployments')

type References = Readonly<Record<string, VaultReference>>

/** The secrets by the names of their parameters. Throws 400, 403 or 404 in Azure's words, of several with all of them. */
export async function readVaultReferences(cx: Context, references: References): Promise<Record<string, string>> {
  const secrets: Record<string, string> = {}
  const refused: AzureError[] = []
  // One after the other: the first that is refused is the first that the caller wrote.
  for (const [parameter, reference] of Object.entries(references)) {
    try {
      secrets[parameter] = await readReference(cx, parameter, reference)
    } catch (error) {
      if (!(error instanceof AzureError)) throw error
      refused.push(error)
    }
  }
  const [first] = refused
  if (first) throw refused.length === 1 ? first : refusals.multipleErrors(refused)
  return secrets
}

async function readReference(cx: Context, parameter: string, reference: VaultReference): Promise<string> {
  const { keyVault, secretName } = reference
  const id = parseResourceId(keyVault.id)
  if (id?.type.toLowerCase() !== 'microsoft.keyvault/vaults') throw refusals.notAVault(parameter, keyVault.id)
  const scope = `${id.text}/secrets/${secretName}`
  return auditBesides(cx, { plane: 'key-vault', operation: deploy, scope }, async () => {
    const grant = await granted(cx, id)
    const vault = await cx.store.vaults.get(seeVault, id.name)
    if (vault?.id.key !== id.key) throw refusals.vaultOfParameterNotFound(id.text)
    try {
      mustBeOpen(cx, vault)
      return await secretIn(cx, grant, vault, reference)
    } catch (error) {
      throw error instanceof AzureError ? refusals.secretOfParameterRefused(parameter, error) : error
    }
  })
}

async function granted(cx: Context, { text }: ResourceId): Promise<Grant<'action'>> {
  try {
    return await cx.authorize('action', deploy, text)
  } catch (error) {
    throw error instanceof AzureError && error.status === 403
      ? refusals.vaultOfParameterForbidden(cx.caller, deploy, text)
      : error
  }
}

/** The resource manager is a trusted service: the firewall stops it only where it is to let no such service pass. */
function mustBeOpen({ directory: { tenantId } }: Context, vault: Vault): void {
  const { enabledForTemplateDeployment, networkAcls, publicNetworkAccess } = propertiesOf(vault)
  const about = `Caller: name=ARM;tid=${tenantId};appid=${resourceManager};iss=https://sts.windows.net/${tenantId}/\r\nVault: ${vault.name};location=${vault.body.location}`
  const forbidden = (message: string) => new AzureError(403, 'Forbidden', `${message}\r\n${about}`)
  if (enabledForTemplateDeployment !== true) throw forbidden('Access denied to first party service.')
  const isClosed = networkAcls?.defaultAction === 'Deny' || publicNetworkAccess?.toLowerCase() === 'disabled'
  if (isClosed && networkAcls?.bypass === 'None')
    throw forbidden('Client address is not authorized and caller is not a trusted service.')
}

/** The application id of the resource manager, in every directory. */
const resourceManager = '797f4846-ba00-4fd7-ba43-dac1f8f63013'

async function secretIn(
  { store }: Context,
  grant: Grant<'action'>,
  vault: Vault,
  { secretName, secretVersion }: VaultReference,
): Promise<string> {
  const place = { vault, kind: 'secrets', name: secretName } as const
  const found = await store.vaultObjects.version(grant, place, secretVersion)
  const value = found && (await store.vaultObjects.unseal(grant, place, found.version.version))
  if (!found || !value)
    throw notFound('secrets', secretVersion === undefined ? secretName : `${secretName}/${secretVersion}`)
  if (!found.version.enabled) throw isDisabled('secrets', 'get')
  return value.toString()
}
