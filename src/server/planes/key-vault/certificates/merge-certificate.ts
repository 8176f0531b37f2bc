import { createPrivateKey } from 'node:crypto'
import * as z from 'zod'
import { orderBundle } from '../../../../certificate-bundle/chain.ts'
import { BundleFailure } from '../../../../certificate-bundle/failure.ts'
import { readJson } from '../../../door/body.ts'
import { attributesWish, checked, tagsWish } from '../../../vaults/attributes.ts'
import { addIssued } from '../../../vaults/certificates/complete.ts'
import { secretOf } from '../../../vaults/certificates/content.ts'
import { issuerKindOf } from '../../../vaults/certificates/issuers.ts'
import { type PendingCertificate, recordOf } from '../../../vaults/certificates/record.ts'
import {
  keyMismatch,
  mergeForbidden,
  pendingNotFound,
  unreadableCertificate,
} from '../../../vaults/certificates/refusals.ts'
import { placeOf } from '../objects/kind.ts'
import { answer, vaultOperation } from '../vault-operation.ts'
import { certificateKind } from './certificate.ts'
import { pendingIn } from './pending-operations.ts'

const wish = z.looseObject({
  x5c: z.array(z.base64().max(100_000)).min(1).max(32),
  attributes: attributesWish.nullish(),
  tags: tagsWish.nullish(),
})

/** What somebody else's authority has made of the request, brought by hand. */
export const mergeCertificate = vaultOperation<'write'>({
  route: 'POST /certificates/:name/pending/merge',
  action: 'certificates/create/action',
  permission: 'certificates/create',
  verb: 'write',
  at: 'certificates',
  async run(cx) {
    const { x5c, attributes, tags } = checked(wish, await readJson(cx.request))
    const place = placeOf(cx, 'certificates')
    const { object, pending } = pendingIn(cx, await cx.store.vaultObjects.get(cx.grant, place))
    mayMerge(pending)
    const sealed = await cx.store.vaultObjects.unseal(cx.grant, place)
    if (!sealed) throw pendingNotFound(cx.name)
    const key = createPrivateKey({ key: sealed, format: 'der', type: 'pkcs8' })
    const chain = chainOf(
      x5c.map(one => Buffer.from(one, 'base64')),
      sealed,
    )
    const { policy } = recordOf(object)
    const secret = await secretOf({ chain, key, policy })
    const kept = tags ?? pending.tags
    const issued = {
      version: pending.version,
      leaf: chain[0],
      key,
      secret,
      policy,
      enabled: attributes?.enabled ?? pending.enabled,
      ...(kept ? { tags: kept } : {}),
    }
    const made = await cx.store.write(async tx => {
      const now = pendingIn(cx, await tx.vaultObjects.get(cx.grant, place)).pending
      if (now.requestId !== pending.requestId || now.status === 'completed') throw pendingNotFound(cx.name)
      const { statusDetails: _details, ...rest } = now
      return addIssued(
        tx,
        cx.grant,
        place,
        issued,
        before => ({ ...before, policy, pending: { ...rest, status: 'completed' } }),
        cx.now,
      )
    })
    cx.agents.certificateChanged(cx.vault.name, cx.name)
    const response = answer(cx, certificateKind.bundle({ ...cx, ...made }), 201)
    response.headers.set('Location', `${cx.origin}/certificates/${object.name}?api-version=${cx.apiVersion}`)
    return response
  },
})

function mayMerge({ status, issuer }: PendingCertificate): void {
  if (status === 'inProgress' && issuerKindOf(issuer.name) !== 'unknown') throw mergeForbidden(issuer.name)
}

/** The order in which they come is the client's own. */
function chainOf(certificates: readonly Uint8Array[], key: Uint8Array) {
  try {
    return orderBundle({ certificates, keys: [key] }).chain
  } catch (error) {
    if (!(error instanceof BundleFailure)) throw error
    throw error.reason === 'key-mismatch' ? keyMismatch() : unreadableCertificate(error.message)
  }
}
