/**
 * Why a signature does not let a request in. All of them are answered with 403; `detail` is what the service puts into
 * `AuthenticationErrorDetail`.
 */
export type Refusal = {
  readonly code:
    | 'AuthenticationFailed'
    | 'AuthorizationPermissionMismatch'
    | 'AuthorizationProtocolMismatch'
    | 'AuthorizationResourceTypeMismatch'
    | 'AuthorizationServiceMismatch'
    | 'AuthorizationSourceIPMismatch'
  readonly detail?: string
}

export const failed = (detail: string): Refusal => ({ code: 'AuthenticationFailed', detail })

export const fieldsNotWellFormed = () => failed('Signature fields not well formed.')

/** The field as the query spells it. */
export const isMandatory = (field: string) => failed(`${field} is mandatory. Cannot be empty`)
