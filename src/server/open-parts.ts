import { openAsyncWork } from './arm/async-work.ts'
import { openIssuingAuthority } from './certificates/issuing-authority.ts'
import { openExtents } from './extents/open.ts'
import { openAgents } from './machines/agents.ts'
import type { Parts } from './parts.ts'
import { openCertificateWork } from './vaults/certificates/certificate-work.ts'
import { type HttpChallenges, openHttpChallenges } from './vaults/certificates/http-challenges.ts'
import { openPfxTurns } from './vaults/certificates/pfx-turns.ts'
import { openKeyOperations } from './vaults/cryptography/key-operations.ts'

type Made = 'extents' | 'agents' | 'asyncWork' | 'keyOperations' | 'pfxTurns' | 'issuingAuthority' | 'certificateWork'

export type OpenParts = {
  readonly parts: Parts
  /** Answered by the ears, and so no part that an operation may use. */
  readonly httpChallenges: HttpChallenges
  /** Ends what is under way, for so long at most, and then the parts, the store last. */
  close(options: { workLimitMs: number; machines: 'keep' | 'stop' }): Promise<void>
}

/** Makes the parts that are the same for a server and for the test of one, and ends them all in the one right order. */
export async function openParts(given: Omit<Parts, Made>): Promise<OpenParts> {
  const { config, store, clock, log, directory, machines } = given
  const agents = openAgents()
  const asyncWork = openAsyncWork({ store, clock, log })
  const keyOperations = openKeyOperations()
  const pfxTurns = openPfxTurns()
  const httpChallenges = openHttpChallenges()
  const issuingAuthority = openIssuingAuthority({ store, clock })
  const certificateWork = openCertificateWork({
    ...{ store, clock, log, issuingAuthority, httpChallenges, fetch },
    onIssued: agents.certificateChanged,
  })
  const extents = await openExtents({ config, store, tenantId: directory.tenantId })
  const made = { extents, agents, asyncWork, keyOperations, pfxTurns, issuingAuthority, certificateWork }
  return {
    parts: { ...given, ...made },
    httpChallenges,
    async close({ workLimitMs, machines: what }) {
      agents.stopPolls()
      const workHasEnded = asyncWork.close(workLimitMs)
      agents.stopWork()
      await workHasEnded
      await certificateWork.close()
      await pfxTurns.close()
      await keyOperations.close()
      await machines.close({ machines: what })
      await store.close()
    },
  }
}
