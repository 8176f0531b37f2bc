import { AzureError } from '../../errors.ts'

/** What the compute provider says no with, in its own words. */

export const invalidParameter = (target: string, message = `The value of parameter ${target} is invalid.`) =>
  new AzureError(400, 'InvalidParameter', message, { extra: { target } })

export const missingParameter = (target: string) =>
  invalidParameter(target, `Required parameter '${target}' is missing (null).`)

export const propertyChangeNotAllowed = (target: string) =>
  new AzureError(409, 'PropertyChangeNotAllowed', `Changing property '${target}' is not allowed.`, {
    extra: { target },
  })

export const platformImageNotFound = (urn: string) =>
  new AzureError(
    404,
    'PlatformImageNotFound',
    `The platform image '${urn}' is not available. Verify that all fields in the storage profile are correct. For more details about storage profile information, please refer to https://aka.ms/storageprofile`,
    { extra: { target: 'imageReference' } },
  )

export const imageNotFound = (id: string, location: string) =>
  new AzureError(404, 'ImageNotFound', `The Image '${id}' cannot be found in '${location}' region.`, {
    extra: { target: 'imageReference' },
  })

export const artifactNotFound = () => new AzureError(404, 'NotFound', 'Artifact: VMImage was not found.')

export const diskNotFound = (id: string) => new AzureError(404, 'NotFound', `Disk ${id} is not found.`)

export const operationNotAllowed = (message: string) => new AzureError(409, 'OperationNotAllowed', message)

export const markedForDeletion = (operation: string, machine: string) =>
  operationNotAllowed(
    `Operation '${operation}' is not allowed on VM '${machine}' since the VM is marked for deletion. You can only retry the Delete operation (or wait for an ongoing one to complete).`,
  )

/** Not one of Azure's: this host cannot make real machines. */
export const realMachineNeeded = (operation: string, machine: string, missing: readonly string[]) =>
  operationNotAllowed(
    `Operation '${operation}' needs a real machine behind VM '${machine}', and there is none, because this host cannot run machines: ${missing.join(' ')}`,
  )

export const multipleExtensionsPerHandler = (name: string, handler: string) =>
  new AzureError(
    400,
    'BadRequest',
    `Multiple VMExtensions per handler not supported for OS type 'Linux'. VMExtension '${name}' with handler '${handler}' already added or specified in input.`,
  )

/** `hint`: where it belongs. */
export const unknownExtensionMember = (name: string, hint: string) =>
  new AzureError(
    400,
    'BadRequest',
    `Could not find member '${name}' on object of type 'VMExtensionProperties'. Path 'properties.${name}'.${hint}`,
  )

export const circularDependency = (name: string) =>
  invalidParameter(
    'provisionAfterExtensions',
    `The extensions that VMExtension '${name}' is to be provisioned after depend on it themselves.`,
  )

export const extensionNotFound = (publisher: string, type: string) =>
  new AzureError(
    404,
    'ArtifactNotFound',
    `The VM extension with publisher '${publisher}' and type '${type}' could not be found.`,
  )

export const extensionVersionNotFound = (publisher: string, type: string, version: string) =>
  new AzureError(
    404,
    'ArtifactVersionNotFound',
    `No version found in the artifact repository that satisfies the requested version '${version}' for VM extension with publisher '${publisher}' and type '${type}'.`,
  )

export const commandNeedsRunningMachine = (machine: string) =>
  operationNotAllowed(
    `Cannot run a command on VM '${machine}' because it is not running: the operation requires the VM to be running (or set to run).`,
  )
