import { stat } from 'node:fs/promises'
import { connect } from 'node:net'
import type { ChangedSecret } from '../wire/goal-state.ts'
import type { Poke } from '../wire/observed-certificates.ts'
import { readIfPresent } from './files.ts'
import type { Log } from './log.ts'
import { readBody, type Send } from './server.ts'

/** Stands between the server and the service that keeps certificates of vaults on this machine. */
export type ObservedCertificates = {
  /** Tells the server what is observed, when that is another than what it was told. Never rejects. */
  look(): Promise<void>
  /** The server may have forgotten it. */
  forget(): void
  /** Has the service fetch what has changed, once for each change. */
  apply(changed: readonly ChangedSecret[]): void
}

const patienceMs = 5_000

export function openObservedCertificates({
  list,
  socket,
  send,
  log,
}: {
  /** The file in which the service says what it observes. */
  readonly list: string
  /** Where the service hears what has changed. */
  readonly socket: string
  readonly send: Send
  readonly log: Log
}): ObservedCertificates {
  let told: number | undefined
  let seen: ReadonlySet<string> = new Set()

  return {
    async look() {
      try {
        const changedMs = await stat(list).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        )
        if (changedMs === told) return
        const body: unknown = JSON.parse((await readIfPresent(list)) ?? '{"certificates":[]}')
        const answer = await send('PUT', '/certificates', { body })
        const text = (await readBody(answer)).toString('utf8')
        // What the server finds fault with is no better the next time.
        if (answer.status >= 500) return
        if (answer.status >= 300) log('warn', 'the server does not take the list of certificates', { text })
        told = changedMs
      } catch (error) {
        // The server is away, which others complain about; or half a file was read, which is whole the next time.
        if (error instanceof SyntaxError) log('warn', 'the list of certificates cannot be read', { error })
      }
    },
    forget() {
      told = undefined
    },
    apply(changed) {
      const news = changed.filter(({ change }) => !seen.has(change))
      seen = new Set(changed.map(({ change }) => change))
      if (news.length > 0)
        poke(socket, { changed: news.map(({ id }) => id) }).catch(error =>
          // It polls everything when it starts.
          log('info', 'nobody is there to fetch the certificates that have changed', { error }),
        )
    },
  }
}

/** Resolves when the service has heard it. */
const poke = (path: string, message: Poke): Promise<void> =>
  new Promise((resolve, reject) => {
    const connection = connect(path)
    connection.setTimeout(patienceMs, () => connection.destroy(new Error('no answer')))
    connection.once('error', reject)
    connection.once('data', () => resolve())
    connection.once('close', () => reject(new Error('it hung up')))
    connection.write(`${JSON.stringify(message)}\n`)
  })
