import { dueAt } from '../../../vaults/expiry.ts'
import type { KeyBody } from '../../../vaults/key-version.ts'
import { isAtLeast } from '../api-version.ts'
import { attributesOf, idOf, type Kind, type ObjectView, tagsOf } from '../objects/kind.ts'

/** Keys as answers show them: never their private part, and nothing at all of a symmetric one. */
export const keyKind: Kind = {
  kind: 'keys',
  listAction: 'keys/read',
  getAction: 'keys/read',
  companions: [],
  dueAt,
  bundle(view) {
    const { kty, publicKey, keyOps } = keyBody(view)
    const kid = idOf(view, 'keys', view.version.version)
    return { key: { kid, kty, key_ops: keyOps, ...publicKey }, ...described(view) }
  },
  item: (view, id) => ({ kid: id, ...described(view) }),
}

export const keyBody = ({ version }: Pick<ObjectView, 'version'>) => version.body as KeyBody

const described = (view: ObjectView): Record<string, unknown> => ({
  attributes: {
    ...attributesOf(view),
    // No key leaves a vault: for that, Azure asks its attestation service, and there is none here.
    ...(isAtLeast(view.apiVersion, '7.3') ? { exportable: false } : {}),
    ...(isAtLeast(view.apiVersion, '7.5') ? { hsmPlatform: '0' } : {}),
  },
  ...tagsOf(view),
  ...(view.object.managed ? { managed: true } : {}),
})
