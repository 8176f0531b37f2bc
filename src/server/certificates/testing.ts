/** What the tests of this folder share: a temporary folder, and openssl as the judge of what we issue. */

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Clock } from '../clock.ts'
import type { NameList } from './permitted-names.ts'

export const realClock: Clock = { now: Date.now }

export const azureNames: NameList = {
  dns: ['vault.azure.net', 'management.azure.com', 'metadata.azure.com', 'localhost'],
  addresses: ['168.63.129.16/32', '10.128.0.0/9'],
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-certificates-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

export type Exit = { readonly code: number; readonly stdout: string; readonly output: string }

/** Runs a command to its end; `output` is everything it wrote. A command that cannot be started rejects. */
export function execute(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Exit> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env } },
      (error, stdout, stderr) => {
        if (error && child.exitCode === null) return reject(error)
        resolve({ code: child.exitCode ?? 1, stdout, output: stdout + stderr })
      },
    )
    child.stdin?.end()
  })
}

export function openssl(...args: string[]): Promise<Exit> {
  return execute('openssl', args)
}
