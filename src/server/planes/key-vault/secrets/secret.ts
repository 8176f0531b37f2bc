import { dueAt } from '../../../vaults/expiry.ts'
import { isAtLeast } from '../api-version.ts'
import { attributesOf, idOf, type Kind, type ObjectView, tagsOf } from '../objects/kind.ts'

/** What a version of a secret keeps beside its value. */
export type SecretBody = {
  readonly contentType?: string
}

/** Secrets as answers show them: all but the value, which only `get` and `set` add. */
export const secretKind: Kind = {
  kind: 'secrets',
  listAction: 'secrets/readMetadata/action',
  getAction: 'secrets/getSecret/action',
  companions: [],
  dueAt,
  bundle: view => described(view, idOf(view, 'secrets', view.version.version)),
  item: described,
}

function described(view: ObjectView, id: string): Record<string, unknown> {
  const { object, version, apiVersion, origin } = view
  const { contentType } = version.body as SecretBody
  return {
    id,
    ...(contentType === undefined ? {} : { contentType }),
    attributes: attributesOf(view),
    ...tagsOf(view),
    ...(object.managed ? { kid: `${origin}/keys/${object.name}/${version.version}`, managed: true } : {}),
    ...(isAtLeast(apiVersion, '2025-07-01') && version.previousVersion !== undefined
      ? { previousVersion: version.previousVersion }
      : {}),
  }
}
