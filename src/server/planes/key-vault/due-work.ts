import { systemGrant } from '../../access/grant.ts'
import type { Parts } from '../../parts.ts'
import type { DueObject, ObjectPlace } from '../../store/vault-objects.ts'
import type { Vault } from '../../store/vaults.ts'
import { dueAt, giveNotice, nextDue } from '../../vaults/expiry.ts'
import { rotated } from './keys/rotate-key.ts'

/**
 * What vaults do by themselves when its time has come: keys are rotated, certificates issued and renewed, and there is
 * notice of what comes to its end. The time is Lazuli's, which can be shifted at any moment, so that it is asked for again
 * and again and nothing sleeps until then.
 */
export type DueWork = {
  /** Does what is due now, and resolves when that has ended. */
  run(): Promise<void>
  close(): Promise<void>
}

const lookEveryMs = 1_000
/** What could not be done is tried again after as long. */
const retryAfterMs = 10 * 60_000
/** So that much that is due at once, after a jump of the clock, does not keep the disk from everybody else. */
const atOnce = 20

const carryOut = systemGrant('do what a vault is to do by itself')

type Carry = (parts: Parts, vault: Vault, name: string) => Promise<unknown>

/** What is done with an object of each kind when it is due. It has to leave behind when it is due next. */
const carriers: Partial<Record<DueObject['kind'], Carry>> = {
  certificates: ({ certificateWork }, vault, name) => certificateWork.attend(vault, name),
  keys: (parts, vault, name) => attend(parts, { vault, kind: 'keys', name }),
  secrets: (parts, vault, name) => attend(parts, { vault, kind: 'secrets', name }),
}

async function attend({ store, clock }: Parts, place: ObjectPlace & { readonly vault: Vault }): Promise<void> {
  for (let hasChanged = false; ; hasChanged = true) {
    const now = clock.now()
    const found = await store.vaultObjects.version(carryOut, place)
    const due = found && nextDue(found)
    if (!found || !due || due.at > now) {
      // Whatever changes an object also notes when it is due next.
      if (!hasChanged) await store.write(tx => tx.vaultObjects.setDue(carryOut, place, found && dueAt(found)))
      return
    }
    if (due.kind === 'rotate') await rotated({ store, grant: carryOut, ...place, now })
    else await giveNotice(store, carryOut, place, found, due.notice, now)
  }
}

export function openDueWork(parts: Parts): DueWork {
  const { store, clock, log } = parts
  let running: Promise<void> | undefined
  let closing = false

  const carry = async ({ vaultName, kind, name }: DueObject) => {
    const vault = await store.vaults.get(carryOut, vaultName)
    if (!vault) return
    try {
      await carriers[kind]?.(parts, vault, name)
    } catch (error) {
      log.error({ err: error, vault: vaultName, kind, name }, 'what a vault was to do by itself failed')
      await store.write(tx => tx.vaultObjects.setDue(carryOut, { vault, kind, name }, clock.now() + retryAfterMs))
    }
  }

  const carryAll = async () => {
    let due: readonly DueObject[]
    do {
      due = await store.vaultObjects.due(carryOut, atOnce)
      for (const one of due) if (!closing) await carry(one)
    } while (due.length === atOnce && !closing)
  }

  /** After what is under way, which may have looked too early. */
  const run = () => {
    const mine: Promise<void> = (running ?? Promise.resolve())
      .catch(() => undefined)
      .then(carryAll)
      .finally(() => {
        if (running === mine) running = undefined
      })
    running = mine
    return mine
  }

  const look = () => {
    if (running === undefined)
      run().catch(error => log.error({ err: error }, 'what is due in vaults could not be found'))
  }
  const timer = setInterval(look, lookEveryMs).unref()
  return {
    run,
    async close() {
      closing = true
      clearInterval(timer)
      await running?.catch(() => undefined)
    },
  }
}
