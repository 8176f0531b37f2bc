/** The program of the thread that opens PKCS #12 files: one after the other, as they are posted. */

import { parentPort } from 'node:worker_threads'
import { BundleFailure } from '../failure.ts'
import type { BundleParts } from '../parts.ts'
import { readPfx } from './pfx.ts'

export type Question = { readonly pfx: Uint8Array; readonly password: string }
export type Answer =
  | { readonly parts: BundleParts }
  | { readonly failure: { readonly reason: BundleFailure['reason']; readonly message: string } }

parentPort?.on('message', ({ pfx, password }: Question) => {
  parentPort?.postMessage(answerTo(pfx, password))
})

function answerTo(pfx: Uint8Array, password: string): Answer {
  try {
    return { parts: readPfx(pfx, password) }
  } catch (error) {
    if (error instanceof BundleFailure) return { failure: { reason: error.reason, message: error.message } }
    // Whatever a parser stumbles over is in the file.
    return { failure: { reason: 'unreadable', message: 'The PKCS #12 file is damaged' } }
  }
}
