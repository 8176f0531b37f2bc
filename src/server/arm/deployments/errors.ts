import type { Caller } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'

/** What deployments say no with, in the resource manager's words. */

export const invalidTemplate = (detail: string) =>
  new AzureError(400, 'InvalidTemplate', `Deployment template validation failed: '${detail}'.`)

export const invalidExpression = (where: string, detail: string) =>
  new AzureError(
    400,
    'InvalidTemplate',
    `Unable to process template language expressions for ${where}: '${detail}. Please see https://aka.ms/arm-functions for usage details.'`,
  )

export const invalidContent = (detail: string) =>
  new AzureError(
    400,
    'InvalidRequestContent',
    `The request content was invalid and could not be deserialized: '${detail}'.`,
  )

export const notSupportedYet = (what: string) =>
  new AzureError(400, 'InvalidDeployment', `Lazuli cannot deploy this template: ${what}.`)

export const deploymentNotFound = (name: string) =>
  new AzureError(404, 'DeploymentNotFound', `Deployment '${name}' could not be found.`)

export const deploymentActive = (name: string, since: string) =>
  new AzureError(
    409,
    'DeploymentActive',
    `Unable to edit or replace deployment '${name}': previous deployment from '${since}' is still active. Please see https://aka.ms/arm-deploy for usage details.`,
  )

export const deploymentQuotaExceeded = (name: string, quota: number) =>
  new AzureError(
    409,
    'DeploymentQuotaExceeded',
    `Creating the deployment '${name}' would exceed the quota of '${quota}'. The current deployment count is '${quota}', and all of them are still active.`,
  )

export const deploymentNotCancellable = (name: string) =>
  new AzureError(
    409,
    'DeploymentCannotBeCancelled',
    `The deployment '${name}' cannot be cancelled because it has already been completed.`,
  )

export const invalidDeploymentName = (name: string) =>
  new AzureError(
    400,
    'InvalidDeploymentName',
    `The provided deployment name '${name}' is not valid. It must have 1 to 64 letters, digits, '-', '_', '.', '(' and ')'.`,
  )

const seeKeyVault = 'Please see https://aka.ms/arm-keyvault for usage details.'

/** What deployments say no with about parameters that are secrets in a vault. */
export const vaultOfParameterNotFound = (vault: string) =>
  new AzureError(
    400,
    'KeyVaultParameterReferenceNotFound',
    `The specified KeyVault '${vault}' could not be found. ${seeKeyVault}`,
  )

export const vaultOfParameterForbidden = (caller: Caller, action: string, vault: string) =>
  new AzureError(
    403,
    'KeyVaultParameterReferenceAuthorizationFailed',
    `${clientText(caller)} does not have permission to perform action '${action.toUpperCase()}' on the specified KeyVault resource '${vault}'. ${seeKeyVault}`,
  )

/** `refusal` is the vault's. */
export const secretOfParameterRefused = (parameter: string, { status, message }: AzureError) =>
  new AzureError(
    status,
    'KeyVaultParameterReferenceSecretRetrieveFailed',
    `The secret of KeyVault parameter '${parameter}' cannot be retrieved. Http status code: '${status === 404 ? 'NotFound' : 'Forbidden'}'. Error message: '${message}'. ${seeKeyVault}`,
  )

export const notAVault = (parameter: string, id: string) =>
  invalidContent(`the parameter '${parameter}' refers to '${id}', which is not the resource id of a key vault`)

const statusNames: Readonly<Record<number, string>> = { 400: 'BadRequest', 403: 'Forbidden', 404: 'NotFound' }

export const multipleErrors = (refused: readonly AzureError[]) =>
  new AzureError(
    refused[0]?.status ?? 400,
    'MultipleErrorsOccurred',
    `Multiple error occurred: ${refused.map(({ status }) => statusNames[status] ?? status).join(',')}. Please see details.`,
    { extra: { details: refused.map(({ code, message }) => ({ code, message })) } },
  )

/** Who asks, as errors of authorization begin. */
export function clientText(caller: Caller): string {
  const {
    objectId = '',
    clientId = '',
    userPrincipalName = clientId,
  } = caller.kind === 'principal' ? caller.principal : {}
  return `The client '${userPrincipalName}' with object id '${objectId}'`
}

export type Detail = { readonly code: string; readonly message: string; readonly [member: string]: unknown }

/** A template whose every part is well formed, and which yet cannot be deployed by this caller or here. */
export const invalidTemplateDeployment = (status: 400 | 403, details: readonly Detail[]) =>
  new AzureError(
    status,
    'InvalidTemplateDeployment',
    `Deployment failed with ${details.length > 1 ? 'multiple errors' : 'error'}: ${details.map(({ message }) => `'${message}'`).join(' ')}`,
    { extra: { details } },
  )

export const deploymentFailed = (id: string, details: readonly Detail[]) =>
  new AzureError(
    409,
    'DeploymentFailed',
    'At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.',
    { extra: { target: id, details } },
  )
