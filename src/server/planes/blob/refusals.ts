import { AzureError } from '../../errors.ts'

/** What the blob service says no with, in its own words. Members of `extra` become children of the XML. */

type Extra = Readonly<Record<string, string>>

const refuse = (
  status: number,
  code: string,
  message: string,
  extra: Extra = {},
  headers: Record<string, string> = {},
) => new AzureError(status, code, message, { extra, headers })

export const authenticationFailed = (detail: string) =>
  refuse(
    403,
    'AuthenticationFailed',
    'Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.',
    { AuthenticationErrorDetail: detail },
  )

export const invalidAuthenticationInfo = (detail: string, challenge: string) =>
  refuse(
    401,
    'InvalidAuthenticationInfo',
    'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.',
    { AuthenticationErrorDetail: detail },
    { 'WWW-Authenticate': challenge },
  )

export const noAuthenticationInformation = (challenge: string) =>
  refuse(
    401,
    'NoAuthenticationInformation',
    'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.',
    {},
    { 'WWW-Authenticate': challenge },
  )

export const permissionMismatch = () =>
  refuse(
    403,
    'AuthorizationPermissionMismatch',
    'This request is not authorized to perform this operation using this permission.',
  )

const mismatches = {
  AuthorizationPermissionMismatch: 'permission',
  AuthorizationProtocolMismatch: 'protocol',
  AuthorizationResourceTypeMismatch: 'resource type',
  AuthorizationServiceMismatch: 'service',
  AuthorizationSourceIPMismatch: 'source IP',
} as const

export const authorizationMismatch = (code: keyof typeof mismatches) =>
  refuse(403, code, `This request is not authorized to perform this operation using this ${mismatches[code]}.`)

export const authorizationFailure = () =>
  refuse(403, 'AuthorizationFailure', 'This request is not authorized to perform this operation.')

export const keyBasedAuthenticationNotPermitted = () =>
  refuse(
    403,
    'KeyBasedAuthenticationNotPermitted',
    'Key based authentication is not permitted on this storage account.',
  )

export const publicAccessNotPermitted = () =>
  refuse(409, 'PublicAccessNotPermitted', 'Public access is not permitted on this storage account.')

export const writeOnSecondary = () =>
  refuse(403, 'WriteOperationNotSupportedOnSecondary', 'Write operations are not allowed.')

export const resourceNotFound = () => refuse(404, 'ResourceNotFound', 'The specified resource does not exist.')
export const containerNotFound = () => refuse(404, 'ContainerNotFound', 'The specified container does not exist.')
export const blobNotFound = () => refuse(404, 'BlobNotFound', 'The specified blob does not exist.')
export const containerAlreadyExists = () =>
  refuse(409, 'ContainerAlreadyExists', 'The specified container already exists.')
export const blobAlreadyExists = () => refuse(409, 'BlobAlreadyExists', 'The specified blob already exists.')
export const snapshotsPresent = () =>
  refuse(409, 'SnapshotsPresent', 'This operation is not permitted because the blob has snapshots.')
export const notOnRootBlob = () =>
  refuse(403, 'OperationNotAllowedOnRootBlob', 'The specified operation is not allowed on root blob.')
export const invalidBlobType = () => refuse(409, 'InvalidBlobType', 'The blob type is invalid for this operation.')
export const blobArchived = () => refuse(409, 'BlobArchived', 'This operation is not permitted on an archived blob.')
export const blobIsSealed = () =>
  refuse(
    409,
    'BlobIsSealed',
    'The specified blob is sealed and its contents can not be modified unless the blob is re-created after a delete.',
  )
export const noPendingCopy = () =>
  refuse(409, 'NoPendingCopyOperation', 'There is currently no pending copy operation.')

const conditionFails = 'The condition specified using HTTP conditional header(s) is not met.'
export const conditionNotMet = (status: 412) => refuse(status, 'ConditionNotMet', conditionFails)
/** With what a cache keeps its copy by. */
export const notModified = (validators: Record<string, string>) =>
  refuse(304, 'ConditionNotMet', conditionFails, {}, validators)
export const sourceConditionNotMet = () =>
  refuse(412, 'SourceConditionNotMet', 'The source condition specified using HTTP conditional header(s) is not met.')

export const invalidHeader = (name: string, value: string) =>
  refuse(400, 'InvalidHeaderValue', 'The value for one of the HTTP headers is not in the correct format.', {
    HeaderName: name,
    HeaderValue: value,
  })
export const missingHeader = (name: string) =>
  refuse(400, 'MissingRequiredHeader', 'An HTTP header that is mandatory for this request is not specified.', {
    HeaderName: name,
  })
export const unsupportedHeader = (name: string) =>
  refuse(400, 'UnsupportedHeader', 'One of the HTTP headers specified in the request is not supported.', {
    HeaderName: name,
  })
export const missingContentLength = () =>
  refuse(411, 'MissingContentLengthHeader', 'Content-Length HTTP header is missing.')
export const invalidQuery = (name: string, value: string, reason = '') =>
  refuse(
    400,
    'InvalidQueryParameterValue',
    'Value for one of the query parameters specified in the request URI is invalid.',
    { QueryParameterName: name, QueryParameterValue: value, ...(reason === '' ? {} : { Reason: reason }) },
  )
export const mutuallyExclusive = () =>
  refuse(
    400,
    'MutuallyExclusiveQueryParameters',
    'Two or more query parameters that are mutually exclusive are specified in the request.',
  )
export const queryOutOfRange = (name: string, value: string, least: number, most: number) =>
  refuse(
    400,
    'OutOfRangeQueryParameterValue',
    'One of the query parameters specified in the request URI is outside the permissible range.',
    {
      QueryParameterName: name,
      QueryParameterValue: value,
      MinimumAllowed: String(least),
      MaximumAllowed: String(most),
    },
  )
export const missingQuery = (name: string) =>
  refuse(
    400,
    'MissingRequiredQueryParameter',
    'A query parameter that is mandatory for this request is not specified.',
    { QueryParameterName: name },
  )
export const invalidUri = () =>
  refuse(400, 'InvalidUri', 'The requested URI does not represent any resource on the server.')
export const outOfRangeInput = () => refuse(400, 'OutOfRangeInput', 'One of the request inputs is out of range.')
export const invalidResourceName = () =>
  refuse(400, 'InvalidResourceName', 'The specifed resource name contains invalid characters.')
export const invalidInput = () => refuse(400, 'InvalidInput', 'One of the request inputs is not valid.')
export const invalidXml = (reason = '') =>
  refuse(
    400,
    'InvalidXmlDocument',
    'XML specified is not syntactically valid.',
    reason === '' ? {} : { Reason: reason },
  )
export const bodyTooLarge = (most: number) =>
  refuse(413, 'RequestBodyTooLarge', 'The request body is too large and exceeds the maximum permissible limit.', {
    MaxLimit: String(most),
  })
export const endedEarly = (cause: unknown) =>
  new AzureError(400, 'IncompleteBody', 'The request body is not as long as its Content-Length says.', { cause })
export const md5Mismatch = (given: string, computed: string) =>
  refuse(
    400,
    'Md5Mismatch',
    'The MD5 value specified in the request did not match with the MD5 value calculated by the server.',
    { UserSpecifiedMd5: given, ServerCalculatedMd5: computed },
  )
export const invalidMd5 = () =>
  refuse(
    400,
    'InvalidMd5',
    'The MD5 value specified in the request is invalid. MD5 value must be 128 bits and base64-encoded.',
  )
export const crc64Mismatch = (given: string, computed: string) =>
  refuse(
    400,
    'Crc64Mismatch',
    'The CRC64 value specified in the request did not match with the CRC64 value calculated by the server.',
    { UserSpecifiedCrc: given, ServerCalculatedCrc: computed },
  )
export const bothHashes = () =>
  refuse(400, 'BothCrc64AndMd5HeaderPresent', 'Both CRC64 and MD5 headers are present in the request.')
export const invalidRange = (length: number) =>
  refuse(
    416,
    'InvalidRange',
    'The range specified is invalid for the current size of the resource.',
    {},
    { 'Content-Range': `bytes */${length}` },
  )
export const invalidPageRange = () => refuse(416, 'InvalidPageRange', 'The page range specified is invalid.')
export const invalidBlockId = () => refuse(400, 'InvalidBlobOrBlock', 'The specified blob or block content is invalid.')
export const invalidBlockList = () => refuse(400, 'InvalidBlockList', 'The specified block list is invalid.')
export const blockCountExceeds = () =>
  refuse(409, 'BlockCountExceedsLimit', 'The committed block count cannot exceed the maximum limit of 50,000 blocks.')
export const uncommittedBlockCountExceeds = () =>
  refuse(
    409,
    'RequestEntityTooLargeBlockCountExceedsLimit',
    'The uncommitted block count cannot exceed the maximum limit of 100,000 blocks.',
  )
export const appendPositionNotMet = () =>
  refuse(412, 'AppendPositionConditionNotMet', 'The append position condition specified was not met.')
export const maxBlobSizeNotMet = () =>
  refuse(412, 'MaxBlobSizeConditionNotMet', 'The max blob size condition specified was not met.')
export const sequenceNumberNotMet = () =>
  refuse(412, 'SequenceNumberConditionNotMet', 'The sequence number condition specified was not met.')
export const cannotVerifyCopySource = (status: 400 | 401 | 403 | 404 | 409, reason: string) =>
  refuse(status, 'CannotVerifyCopySource', reason)
export const invalidTags = (reason: string) => refuse(400, 'InvalidTag', reason)
export const corsFailure = () =>
  refuse(403, 'CorsPreflightFailure', 'CORS not enabled or no matching rule found for this request.')
export const lease = {
  alreadyPresent: () => refuse(409, 'LeaseAlreadyPresent', 'There is already a lease present.'),
  idMismatch: () =>
    refuse(
      409,
      'LeaseIdMismatchWithLeaseOperation',
      'The lease ID specified did not match the lease ID for the resource.',
    ),
  notPresent: (what: 'blob' | 'container') =>
    refuse(409, 'LeaseNotPresentWithLeaseOperation', `There is currently no lease on the ${what}.`),
  breakingNoAcquire: () =>
    refuse(
      409,
      'LeaseIsBreakingAndCannotBeAcquired',
      'The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken.',
    ),
  breakingNoChange: () =>
    refuse(
      409,
      'LeaseIsBreakingAndCannotBeChanged',
      'The lease ID matched, but the lease is currently in breaking state and cannot be changed.',
    ),
  brokenNoRenew: () =>
    refuse(
      409,
      'LeaseIsBrokenAndCannotBeRenewed',
      'The lease ID matched, but the lease has been broken explicitly and cannot be renewed.',
    ),
  missing: () =>
    refuse(
      412,
      'LeaseIdMissing',
      'There is currently a lease on the resource and no lease ID was specified in the request.',
    ),
  mismatchOnData: (what: 'blob' | 'container') =>
    refuse(
      412,
      what === 'blob' ? 'LeaseIdMismatchWithBlobOperation' : 'LeaseIdMismatchWithContainerOperation',
      `The lease ID specified did not match the lease ID for the ${what}.`,
    ),
  notPresentOnData: (what: 'blob' | 'container') =>
    refuse(
      412,
      what === 'blob' ? 'LeaseNotPresentWithBlobOperation' : 'LeaseNotPresentWithContainerOperation',
      `There is currently no lease on the ${what}.`,
    ),
  lost: () => refuse(412, 'LeaseLost', 'A lease ID was specified, but the lease for the resource has expired.'),
}

export const previousSnapshotNotFound = () =>
  refuse(409, 'PreviousSnapshotNotFound', 'The previous snapshot is not found.')

export const previousSnapshotNewer = () =>
  refuse(
    409,
    'PreviousSnapshotCannotBeNewer',
    'The prevsnapshot query parameter value cannot be newer than snapshot query parameter value.',
  )

export const blobBeingRehydrated = () =>
  refuse(409, 'BlobBeingRehydrated', 'This operation is not permitted because the blob is being rehydrated.')

export const copySourceTooLong = (most: number) =>
  cannotVerifyCopySource(409, `The copy source is longer than ${most} bytes.`)

export const unsupportedXmlNode = (name: string) =>
  refuse(400, 'UnsupportedXmlNode', 'One of the XML nodes specified in the request body is not supported.', {
    XmlNodeName: name,
    Reason: `${name} is not there, and cannot be switched on.`,
  })
