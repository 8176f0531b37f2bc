import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import type { VaultObject } from '../../../store/vault-objects.ts'
import { checked } from '../../../vaults/attributes.ts'
import { type CertificateRecord, type PendingCertificate, recordOf } from '../../../vaults/certificates/record.ts'
import { notInProgress, pendingNotFound } from '../../../vaults/certificates/refusals.ts'
import { placeOf } from '../objects/kind.ts'
import { scheduleNext } from '../objects/schedule.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'
import { certificateKind, retryAfter, shownPending } from './certificate.ts'

const cancellation = z.looseObject({ cancellation_requested: z.boolean() })

/** The version that is being made. */
export const pendingOperations = [
  vaultOperation<'read'>({
    route: 'GET /certificates/:name/pending',
    action: 'certificates/read',
    permission: 'certificates/get',
    verb: 'read',
    at: 'certificates',
    async run(cx) {
      const { object, pending } = pendingIn(cx, await cx.store.vaultObjects.get(cx.grant, placeOf(cx, 'certificates')))
      const response = answer(cx, shownPending(pending, { ...cx, object }))
      for (const [name, value] of Object.entries(retryAfter(pending))) response.headers.set(name, value)
      return response
    },
  }),

  /** Asks for it not to be made; whether it is not, the next look tells. */
  vaultOperation<'write'>({
    route: 'PATCH /certificates/:name/pending',
    action: 'certificates/update/action',
    permission: 'certificates/update',
    verb: 'write',
    at: 'certificates',
    async run(cx) {
      const { cancellation_requested } = checked(cancellation, await readJson(cx.request))
      return changed(cx, pending => {
        if (pending.status !== 'inProgress') throw notInProgress()
        return { ...pending, cancellationRequested: cancellation_requested }
      })
    },
  }),

  /** The certificate stays as it was before, and what the issuer may still send is not taken. */
  vaultOperation<'delete'>({
    route: 'DELETE /certificates/:name/pending',
    action: 'certificates/update/action',
    permission: 'certificates/update',
    verb: 'delete',
    at: 'certificates',
    run: cx => changed(cx, () => undefined),
  }),
]

async function changed(
  cx: VaultContext<'write' | 'delete'>,
  how: (pending: PendingCertificate) => PendingCertificate | undefined,
): Promise<Response> {
  const place = placeOf(cx, 'certificates')
  const { object, pending } = await cx.store.write(async tx => {
    const { object, pending } = pendingIn(cx, await tx.vaultObjects.get(cx.grant, place))
    const next = how(pending)
    const { pending: _before, ...rest } = recordOf(object)
    const body: CertificateRecord = next ? { ...rest, pending: next } : rest
    await tx.vaultObjects.put(cx.grant, place, { body, ...(next ? {} : { secret: null }) })
    await scheduleNext(tx, cx.grant, certificateKind, place)
    return { object, pending: next ?? pending }
  })
  return answer(cx, shownPending(pending, { ...cx, object }))
}

/** Throws 404 also when the client means an earlier one. */
export function pendingIn(
  { name, url }: Pick<VaultContext, 'name' | 'url'>,
  object: VaultObject | undefined,
): { object: VaultObject; pending: PendingCertificate } {
  const pending = object && object.deletedAt === undefined ? recordOf(object).pending : undefined
  const wanted = url.searchParams.get('request_id')
  if (!object || !pending || (wanted !== null && wanted !== pending.requestId)) throw pendingNotFound(name)
  return { object, pending }
}
