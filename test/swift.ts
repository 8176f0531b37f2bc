/** An S3-compatible object store that is not AWS's: OpenStack Swift, as Debian has it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { S3Client } from '@aws-sdk/client-s3'

const python = '/usr/bin/python3'

/** Why there is none; false when there is. */
export const swiftMissing = existsSync('/usr/lib/python3/dist-packages/swift/proxy')
  ? false
  : "Debian's python3-swift is not installed"

export const swiftCredentials = { AWS_ACCESS_KEY_ID: 'test:tester', AWS_SECRET_ACCESS_KEY: 'testing' }

/**
 * Keeps everything in a folder that it makes. Resolves with its address and a client of it; this process gets the
 * credentials, which are found where AWS's own programs look for them.
 */
export async function startSwift(t: TestContext, folder: string): Promise<{ endpoint: string; client: S3Client }> {
  const program = join(import.meta.dirname, 'swift-server.py')
  const child = spawn(python, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(async () => {
    const gone = once(child, 'exit')
    child.stdin.end()
    await gone
  })
  for await (const port of createInterface(child.stdout)) {
    const endpoint = `http://127.0.0.1:${port}`
    Object.assign(process.env, swiftCredentials)
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true })
    t.after(() => client.destroy())
    return { endpoint, client }
  }
  throw new Error('Swift has ended.')
}
