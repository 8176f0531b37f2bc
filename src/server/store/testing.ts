import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openStore, type Store } from './open.ts'

/** A store in a folder of its own, gone after the test. The clock stands still until it is set. */
export async function openTestStore(t: TestContext, directory = temporaryDirectory(t)) {
  const clock = { at: Date.parse('2026-11-01T00:00:00Z'), now: () => clock.at }
  const open = () =>
    openStore({
      directory,
      masterKeyFile: join(directory, 'master.key'),
      clock,
      onAuditFailure: error => {
        throw error
      },
    })
  const store: Store = await open()
  let isOpen = true
  const close = async () => {
    if (isOpen) await store.close()
    isOpen = false
  }
  t.after(close)
  return { store, directory, clock, close }
}

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lazuli-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
