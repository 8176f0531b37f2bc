import { spawn } from 'node:child_process'

/**
 * Runs `work` while no other process holds the lock on the file at `path`, waiting for it as long as needed. The kernel
 * holds the lock for flock(1), whose input ends when this process does, however that ends; so no lock is left behind.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = new Promise<void>(resolve => holder.once('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    holder.once('error', cause => reject(new Error(`flock cannot be started: ${cause.message}`, { cause })))
    holder.once('exit', code => reject(new Error(`flock could not lock ${path} (exit code ${code})`)))
    holder.stdout.once('data', () => resolve())
  })
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
