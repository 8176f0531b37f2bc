/** The socket at which the machine's agent says that a certificate has changed in the vault. */

import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { dirname } from 'node:path'
import { asArray, asRecord } from '../../host/unknown.ts'

const longestLine = 1024 * 1024
const patienceMs = 5_000

/** `onChanged` gets the ids of secrets. Resolves when somebody can connect: root alone. */
export async function openPokeSocket(path: string, onChanged: (ids: readonly string[]) => void): Promise<Server> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  rmSync(path, { force: true })
  const server = createServer(socket => {
    let line = ''
    socket.setTimeout(patienceMs, () => socket.destroy())
    // Whoever hangs up in the middle has said nothing.
    socket.once('error', () => socket.destroy())
    socket.setEncoding('utf8').on('data', (text: string) => {
      line += text
      if (line.length > longestLine) return void socket.destroy()
      if (!line.includes('\n')) return
      const ids = idsIn(line.slice(0, line.indexOf('\n')))
      if (ids.length > 0) onChanged(ids)
      socket.end(ids.length > 0 ? 'ok\n' : 'not understood\n')
    })
  })
  const before = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  } finally {
    process.umask(before)
  }
  chmodSync(path, 0o600)
  return server
}

function idsIn(line: string): string[] {
  try {
    return asArray(asRecord(JSON.parse(line)).changed).filter(id => typeof id === 'string')
  } catch {
    return []
  }
}
