/** The agent's one way to other programs. */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../files.ts'

export type ProcessWish = {
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  /** All of its environment: nothing of ours is passed on. */
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** How much of each of its outputs is kept: the end of it. */
  readonly keptBytes: number
}

export type ProcessEnd = {
  /** Undefined when it did not end by itself. */
  readonly exitCode: number | undefined
  /** Why it did not; empty when it did. */
  readonly problem: string
  readonly timedOut: boolean
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end, in a session of its own, whose processes are killed when the time is over. What it leaves
 * running in the background may go on, and keeps what it holds open: outputs are files, so nobody is waited for who
 * still has them, and nobody writes into a closed pipe.
 */
export async function runProcess(wish: ProcessWish, scratch: string): Promise<ProcessEnd> {
  const [stdout, stderr] = await Promise.all([unnamedFile(scratch), unnamedFile(scratch)])
  try {
    const { exitCode, problem, timedOut } = await untilItsEnd(wish, stdout.fd, stderr.fd)
    const [out, err] = await Promise.all([tailOf(stdout, wish.keptBytes), tailOf(stderr, wish.keptBytes)])
    return { exitCode, problem, timedOut, stdout: out, stderr: err }
  } finally {
    await Promise.all([stdout.close(), stderr.close()])
  }
}

type Ended = Pick<ProcessEnd, 'exitCode' | 'problem' | 'timedOut'>

function untilItsEnd({ argv, cwd, env, timeoutMs }: ProcessWish, stdout: number, stderr: number): Promise<Ended> {
  return new Promise(resolve => {
    const [command, ...args] = argv
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', stdout, stderr] })
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      killGroup(child.pid)
    }, timeoutMs)
    child.once('error', error => {
      clearTimeout(timer)
      resolve({ exitCode: undefined, problem: error.message, timedOut: false })
    })
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      if (timedOut) resolve({ exitCode: undefined, problem: `it was killed after ${timeoutMs / 1000} s`, timedOut })
      else if (code === null) resolve({ exitCode: undefined, problem: `it was ended by ${signal}`, timedOut })
      else resolve({ exitCode: code, problem: '', timedOut })
    })
  })
}

/** Kills a session's processes. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error
  }
}

/** A file that is gone with the last who has it open. */
async function unnamedFile(folder: string): Promise<FileHandle> {
  const path = join(folder, `.output-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await rm(path)
  return file
}

export async function tailOf(file: FileHandle, bytes: number): Promise<string> {
  const { size } = await file.stat()
  const from = Math.max(0, size - bytes)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from)
  return buffer.subarray(0, bytesRead).toString('utf8')
}
