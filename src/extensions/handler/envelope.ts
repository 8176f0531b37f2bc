import { join } from 'node:path'
import { statIfPresent } from '../host/files.ts'
import type { Ran, Run } from '../host/run.ts'
import { HandlerFailure } from './failure.ts'

export type Envelope = {
  /** base64 of the DER form of a CMS EnvelopedData. */
  readonly sealed: string
  /** Upper-case hexadecimal SHA-1 of the certificate it was sealed to. */
  readonly thumbprint: string
}

/** Where Azure's agent keeps certificates when it was not told otherwise. */
const standardLibFolder = '/var/lib/waagent'

/**
 * Opens protected settings with the machine's own key, by the host's openssl: Node has no CMS. Throws HandlerFailure
 * with Azure's text. What openssl says is never mixed with what it decrypts, and neither is ever part of an error.
 */
export async function openEnvelope({ sealed, thumbprint }: Envelope, libFolder: string, run: Run): Promise<string> {
  if (!/^[0-9A-F]{40}$/i.test(thumbprint)) throw new HandlerFailure('Failed to decrypt protectedSettings')
  const folder = [libFolder, standardLibFolder].find(at => statIfPresent(join(at, `${thumbprint}.prv`)))
  if (!folder) throw new HandlerFailure('Failed to decrypt protectedSettings')
  const key = ['-recip', join(folder, `${thumbprint}.crt`), '-inkey', join(folder, `${thumbprint}.prv`)]
  const stdin = Buffer.from(sealed, 'base64')
  // smime is the older program of the two and knows a few older envelopes.
  for (const program of ['cms', 'smime']) {
    const opened: Ran = await run('openssl', [program, '-inform', 'DER', '-decrypt', ...key], { stdin, anyExit: true })
    if (opened.exitCode === 0) return opened.stdout.toString('utf8')
  }
  throw new HandlerFailure('Failed to decrypt protectedSettings')
}
