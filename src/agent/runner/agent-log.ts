import { appendFileSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { HandlerPlace } from './layout.ts'

/**
 * `/var/log/waagent.log`, where operators look when an extension was installed, updated or enabled, in the lines that
 * Azure's agent writes there. Never throws: no extension fails for its sake.
 */
export type AgentLog = (
  level: 'INFO' | 'WARNING' | 'ERROR',
  about: Pick<HandlerPlace, 'handler' | 'version'> | undefined,
  text: string,
) => void

/** One older file is kept beside it. */
const fullBytes = 10 * 1024 * 1024

/** Where Azure's agent is installed, the file is its own. */
const agentsOwn = ['usr/sbin/waagent', 'usr/bin/waagent']

/** `root`: of the machine's file system. */
export function openAgentLog(root: string, now: () => number, limitBytes = fullBytes): AgentLog {
  const path = join(root, 'var/log/waagent.log')
  return (level, about, text) => {
    try {
      if (agentsOwn.some(program => existsSync(join(root, program)))) return
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > limitBytes) renameSync(path, `${path}.1`)
      const name = about ? `[${about.handler}-${about.version}]` : 'ExtHandler'
      // One entry, one line: what a program said must not look like an entry of its own.
      const line = text.replace(/\s*[\r\n]+\s*/g, ' ')
      // Azure's agent has microseconds.
      const time = new Date(now()).toISOString().replace('Z', '000Z')
      appendFileSync(path, `${time} ${level} ExtHandler ${name} ${line}\n`, { mode: 0o600 })
    } catch {
      // A full disk, say. The journal has the same in its own words.
    }
  }
}
