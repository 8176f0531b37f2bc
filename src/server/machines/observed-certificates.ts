import { randomUUID } from 'node:crypto'
import type { ObservedCertificate } from '../../wire/agent-report.ts'
import type { ChangedSecret } from '../../wire/goal-state.ts'

/** Which certificates machines keep from vaults, and which of them have just changed there. In memory, as agents say it:
 * the store has what they said before. */
export type ObservedCertificates = {
  /** What a machine has said that it observes, in place of what it said before. */
  observe(machineId: string, certificates: readonly ObservedCertificate[]): void
  /** Undefined for one that has said nothing since the server was started. */
  observed(machineId: string): readonly ObservedCertificate[] | undefined
  /** What a machine is to look at now. It may have done so already; who asks again is told again for a while. */
  changedSecrets(machineId: string): readonly ChangedSecret[]
  /**
   * For whoever has made a new version of a secret or a certificate, once it can be read: the machines that observe it
   * fetch it at once. Both names without regard to case.
   */
  certificateChanged(vault: string, name: string): void
}

/** An agent that was away for longer meets a service that has been polling all the while. */
const keptMs = 10 * 60_000
const mostKept = 1_000

type Change = ChangedSecret & { readonly atMs: number }

/** `clock` is one that nobody sets. */
export function openObservedCertificates(
  wake: (machineId: string) => void,
  clock: () => number = () => performance.now(),
): ObservedCertificates {
  const machines = new Map<string, readonly ObservedCertificate[]>()
  const changes = new Map<string, readonly Change[]>()

  return {
    observe(machineId, certificates) {
      machines.set(machineId, certificates)
    },
    observed: machineId => machines.get(machineId),
    changedSecrets: machineId => (changes.get(machineId) ?? []).map(({ id, change }) => ({ id, change })),
    certificateChanged(vault, name) {
      const atMs = clock()
      for (const [machineId, certificates] of machines) {
        const ids = new Set(certificates.map(({ id }) => id).filter(id => isSecret(id, vault, name)))
        if (ids.size === 0) continue
        const recent = (changes.get(machineId) ?? []).filter(one => atMs - one.atMs < keptMs && !ids.has(one.id))
        const now = [...ids].map(id => ({ id, change: randomUUID(), atMs }))
        changes.set(machineId, [...recent, ...now].slice(-mostKept))
        wake(machineId)
      }
    },
  }
}

/** The same vault has several host names, of which only the first label says which vault it is. */
function isSecret(id: string, vault: string, name: string): boolean {
  const [, label, secret] = /^https:\/\/([^./]+)\.[^/]+\/secrets\/([^/]+)$/i.exec(id) ?? []
  return label?.toLowerCase() === vault.toLowerCase() && secret?.toLowerCase() === name.toLowerCase()
}
