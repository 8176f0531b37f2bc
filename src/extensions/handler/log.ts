import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { HandlerEnvironment } from './environment.ts'
import { failureText } from './failure.ts'

export type Log = {
  line(text: string): void
  error(text: string): void
}

/** `extension.log` in the handler's log folder: one line for each thing that happened, in the form operators know. */
export function openLog({ logFolder, name, version }: HandlerEnvironment, now: () => Date): Log {
  mkdirSync(logFolder, { recursive: true, mode: 0o755 })
  const path = join(logFolder, 'extension.log')
  const write = (text: string) => {
    const time = now().toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ')
    // One entry, one line: what a program said must not look like an entry of its own.
    const oneLine = text.replace(/\s*[\r\n]+\s*/g, ' | ')
    try {
      appendFileSync(path, `${time} [${name}${version ? `-${version}` : ''}] ${oneLine}\n`, { mode: 0o600 })
    } catch (error) {
      // A full disk must not stop what is being undone because of it. The agent keeps what is said here.
      process.stderr.write(`${oneLine}\nextension.log: ${failureText(error)}\n`)
    }
  }
  return { line: write, error: text => write(`ERROR: ${text}`) }
}
