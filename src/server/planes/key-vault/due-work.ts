import { systemGrant } from '../../access/grant.ts'
import type { Parts } from '../../parts.ts'
import type { DueObject } from '../../store/vault-objects.ts'
import type { Vault } from '../../store/vaults.ts'
import { rotated } from './keys/rotate-key.ts'

/**
 * What vaults do by themselves when its time has come: keys are rotated, certificates issued and renewed. The time is Lazuli's, which can be shifted at
 * any moment, so that it is asked for again and again and nothing sleeps until then.
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
  keys: ({ store, clock }, vault, name) => rotated({ store, grant: carryOut, vault, name, now: clock.now() }),
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
