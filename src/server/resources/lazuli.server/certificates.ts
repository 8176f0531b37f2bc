import type { ObservedCertificate } from '../../../wire/agent-report.ts'
import { systemGrant } from '../../access/grant.ts'
import { type Context, operation } from '../../door/operation.ts'
import { vmIdOf } from '../../machines/facts.ts'
import { nextDue } from '../../vaults/certificates/lifetime.ts'
import { recordOf } from '../../vaults/certificates/record.ts'

const tellCertificates = systemGrant('tell which certificates machines keep, and when they are renewed')

/**
 * What every machine keeps from vaults, as its agent has said it, perhaps before the server was started: what is
 * installed, how it went, and what comes next.
 */
export const certificates = operation({
  name: 'Lazuli.Server/certificates/read',
  route: 'GET /providers/Lazuli.Server/certificates',
  access: { verb: 'read', action: 'Lazuli.Server/certificates/read', on: () => '/' },
  async run(cx) {
    const machines = await cx.store.resources.ofType(tellCertificates, 'Microsoft.Compute/virtualMachines')
    const all = await Promise.all(
      machines.map(async machine => {
        const now = cx.agents.observed(vmIdOf(machine))
        const before = now ? undefined : await cx.store.observedCertificates.get(tellCertificates, vmIdOf(machine))
        return {
          machine: machine.id.name,
          id: machine.id.text,
          // Of a machine that is off, say: what it said last, and when.
          heardBefore: before ? new Date(before.saidAt).toISOString() : null,
          certificates: await Promise.all(
            (now ?? before?.certificates ?? []).map(async observed => ({
              ...observed,
              nextRenewal: await nextRenewal(cx, observed),
            })),
          ),
        }
      }),
    )
    return Response.json({ now: new Date(cx.now).toISOString(), value: all.filter(one => one.certificates.length > 0) })
  },
})

/** By the policy of the certificate in its vault; null for what is not kept in a vault of ours, or is never renewed. */
async function nextRenewal({ store }: Pick<Context, 'store'>, { id }: ObservedCertificate): Promise<string | null> {
  const [, label = '', name = ''] = /^https:\/\/([^./]+)\.[^/]+\/secrets\/([^/]+)$/.exec(id) ?? []
  const vault = await store.vaults.get(tellCertificates, label)
  const found = vault && (await store.vaultObjects.version(tellCertificates, { vault, kind: 'certificates', name }))
  const due = found && nextDue(recordOf(found.object), found.version)
  return due?.kind === 'action' && due.action === 'AutoRenew' ? new Date(due.at).toISOString() : null
}
