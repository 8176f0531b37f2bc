import { type ResourceId, typeAndName } from '../../wire/resource-id.ts'
import { AzureError } from '../errors.ts'

/** What the resource manager says no with, in its own words. */

export const resourceNotFound = (id: ResourceId) =>
  new AzureError(
    404,
    'ResourceNotFound',
    `The Resource '${typeAndName(id)}' under resource group '${id.resourceGroup || '<null>'}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  )

export const parentResourceNotFound = (id: ResourceId) =>
  new AzureError(
    404,
    'ParentResourceNotFound',
    `Failed to perform 'write' on resource(s) of type '${id.type}', because the parent resource '${id.container}' could not be found.`,
  )

export const resourceGroupNotFound = (group: string) =>
  new AzureError(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`)

export const resourceGroupBeingDeleted = (group: string) =>
  new AzureError(
    409,
    'ResourceGroupBeingDeleted',
    `The resource group '${group}' is in deprovisioning state and cannot perform this operation.`,
  )

export const resourceBeingDeleted = (id: ResourceId) =>
  new AzureError(
    409,
    'Conflict',
    `The resource '${typeAndName(id)}' is being deleted and cannot perform this operation.`,
  )

export const subscriptionNotFound = (subscription: string) =>
  new AzureError(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`)

export const missingApiVersion = () =>
  new AzureError(
    400,
    'MissingApiVersionParameter',
    'The api-version query parameter (?api-version=) is required for all requests.',
  )

export const invalidApiVersion = (version: string, supported: readonly string[]) =>
  new AzureError(
    400,
    'InvalidApiVersionParameter',
    `The api-version '${version}' is invalid. The supported versions are '${supported.join(',')}'.`,
  )

export const locationRequired = () =>
  new AzureError(400, 'LocationRequired', 'The location property is required for this definition.')

export const invalidLocation = (id: ResourceId, there: string, wanted: string) =>
  new AzureError(
    409,
    'InvalidResourceLocation',
    `The resource '${id.name}' already exists in location '${there}' in resource group '${id.resourceGroup}'. A resource with the same name cannot be created in location '${wanted}'. Please select a new resource name.`,
  )

export const invalidParameter = (target: string, message: string) =>
  new AzureError(400, 'InvalidParameter', message, { extra: { target } })

export const invalidResourceName = (id: ResourceId, rule: string) =>
  new AzureError(400, 'InvalidResourceName', `Resource name ${id.name} is invalid. ${rule}`)

export const preconditionFailed = () =>
  new AzureError(412, 'PreconditionFailed', 'The condition of the If-Match or If-None-Match header is not met.')

export const invalidResourceType = (type: string, namespace: string, apiVersion: string) =>
  new AzureError(
    404,
    'InvalidResourceType',
    `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${apiVersion}'.`,
  )

/** The type is there, and this is nothing that can be done with it. */
export const disallowedOperation = (operation: string, type: string) =>
  new AzureError(
    400,
    'DisallowedResourceOperation',
    `The operation '${operation}' on resource type '${type}' is disallowed.`,
  )

export const missingSubscription = () =>
  new AzureError(
    404,
    'MissingSubscription',
    'The request did not have a subscription or a valid tenant level resource provider.',
  )

export const invalidResourceNamespace = (namespace: string) =>
  new AzureError(404, 'InvalidResourceNamespace', `The resource namespace '${namespace}' is invalid.`)

export const resourceTooLarge = (length: number, longest: number) =>
  new AzureError(
    413,
    'RequestContentTooLarge',
    `The resource would have ${length} characters, which is more than the maximum of ${longest}.`,
  )

export const conflict = (code: string, message: string) => new AzureError(409, code, message)
