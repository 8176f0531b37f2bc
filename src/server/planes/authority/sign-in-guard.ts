import { systemGrant } from '../../access/grant.ts'
import type { Clock } from '../../clock.ts'
import type { Store } from '../../store/open.ts'
import { tooManyFailures } from './refusals/sign-in.ts'

/**
 * Slows down whoever guesses. Failures are counted per account and source address together, so that nobody can lock an
 * account for its owner, who comes from elsewhere; guessed passwords count per address, too, whatever the account.
 * A block is answered at once and never waited out: waiting would hold what an attacker wants held.
 */
export type SignInGuard = {
  /**
   * Runs `check`, which answers undefined for a wrong credential, and counts that as a failure. Throws AADSTS50053 while
   * there have been too many: for what can be guessed without a check, for what cannot only when it is wrong.
   */
  attempt<T>(attempt: Attempt, check: () => Promise<T | undefined>): Promise<T | undefined>
}

export type Attempt = {
  readonly account: string
  readonly address: string
  /** Chosen by a person. A random secret of 256 bits is not worth guarding against guesses all over. */
  readonly isGuessable: boolean
}

const freeFailures = { account: 10, address: 30 }
const longestBlockMs = 60_000
const forgetAfterMs = 15 * 60_000
/** Checking a password takes a tenth of a second, and an address has one at a time. */
const longestQueue = 50

const countFailures = systemGrant('count failed attempts to sign in')

type Subject = { readonly key: string; readonly free: number }

export function openSignInGuard({ store, clock }: { store: Store; clock: Clock }): SignInGuard {
  // One guess after the other: a thousand at once would all pass before the first failure is counted.
  const queues = new Map<string, { last: Promise<unknown>; length: number }>()

  async function refuseBlocked(subjects: readonly Subject[]): Promise<boolean> {
    const now = clock.now()
    const states = await Promise.all(subjects.map(({ key }) => store.signInFailures.get(countFailures, key)))
    const blockedUntil = Math.max(0, ...states.map(state => state?.blockedUntil ?? 0))
    if (blockedUntil > now) throw tooManyFailures(Math.ceil((blockedUntil - now) / 1000))
    return states[0] !== undefined
  }

  async function count(subjects: readonly Subject[]): Promise<void> {
    const now = clock.now()
    await store.write(async tx => {
      await tx.signInFailures.removeBefore(countFailures, now - forgetAfterMs)
      for (const { key, free } of subjects) {
        const failures = ((await tx.signInFailures.get(countFailures, key))?.failures ?? 0) + 1
        await tx.signInFailures.put(countFailures, key, { failures, blockedUntil: now + blockMs(failures - free) })
      }
    })
  }

  async function inTurn<T>(address: string, work: () => Promise<T>): Promise<T> {
    const queue = queues.get(address) ?? { last: Promise.resolve(), length: 0 }
    if (queue.length >= longestQueue) throw tooManyFailures(Math.ceil(longestQueue / 10))
    queues.set(address, queue)
    queue.length++
    const mine = queue.last.then(work, work)
    queue.last = mine
    try {
      return await mine
    } finally {
      queue.length--
      if (queue.length === 0) queues.delete(address)
    }
  }

  return {
    attempt({ account, address, isGuessable }, check) {
      const forAccount = { key: `${address} ${account.toLowerCase().slice(0, 320)}`, free: freeFailures.account }
      const subjects = isGuessable ? [forAccount, { key: address, free: freeFailures.address }] : [forAccount]
      const once = async () => {
        const hasFailed = await refuseBlocked(subjects)
        const result = await check()
        if (result === undefined) await count(subjects)
        else if (hasFailed) await store.write(tx => tx.signInFailures.clear(countFailures, [forAccount.key]))
        return result
      }
      // Who has it did not guess it, and is let in: else anybody on the same host could lock an application out.
      const unlessRight = async () => {
        const result = await check()
        if (result !== undefined) return result
        await refuseBlocked(subjects)
        await count(subjects)
        return undefined
      }
      return isGuessable ? inTurn(address, once) : unlessRight()
    },
  }
}

/** 1, 2, 4, … seconds for the first, second, third failure too many. */
const blockMs = (tooMany: number) => (tooMany <= 0 ? 0 : Math.min(longestBlockMs, 1000 * 2 ** (tooMany - 1)))
