import { open } from 'node:fs/promises'
import type { ProcessEnd } from './process.ts'

/** How long Azure's agent lets a log of commands become; then its older part goes. */
const limitBytes = 10 * 1024 * 1024

/** Adds what a command has printed to `CommandExecution.log`. */
export async function logCommand(path: string, command: string, end: ProcessEnd, nowMs: number): Promise<void> {
  const time = new Date(nowMs).toISOString()
  const how = end.problem === '' ? `exit code ${end.exitCode}` : end.problem
  const entry = `${time} ${command}: ${how}\n[stdout]\n${end.stdout}\n[stderr]\n${end.stderr}\n\n`
  const file = await open(path, 'a+', 0o600)
  try {
    await file.appendFile(entry)
    const { size } = await file.stat()
    if (size <= limitBytes) return
    const kept = Buffer.alloc(limitBytes / 2)
    await file.read(kept, 0, kept.length, size - kept.length)
    await file.truncate(0)
    await file.appendFile(kept.subarray(kept.indexOf('\n') + 1))
  } finally {
    await file.close()
  }
}
