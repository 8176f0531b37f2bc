import { createHash } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import type { WantedExtension } from '../../wire/goal-state.ts'
import { readBody, type Send } from '../server.ts'
import { codes, HandlerFailure } from './failure.ts'

const attempts = 4
const firstPauseMs = 500
const limitMs = 300_000

/** Fetches packages from the server. A package is there whole, or not at all. */
export function packagesFrom(send: Send, pause: (ms: number) => Promise<void>) {
  return async (wanted: WantedExtension, into: string): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await fetchOnce(send, wanted, into)
        return
      } catch (error) {
        if (attempt < attempts) await pause(firstPauseMs * 2 ** attempt)
        else {
          const why = error instanceof Error ? error.message : String(error)
          throw new HandlerFailure(
            codes.download,
            `The package of ${wanted.handler} ${wanted.version} cannot be had: ${why}`,
          )
        }
      }
    }
  }
}

async function fetchOnce(
  send: Send,
  { handler, version, packageDigest }: WantedExtension,
  into: string,
): Promise<void> {
  const answer = await send('GET', `/packages/${handler}/${version}`, { limitMs })
  if (answer.status !== 200) {
    throw new Error(`the server answers ${answer.status} ${(await readBody(answer)).toString('utf8').slice(0, 200)}`)
  }
  const draft = `${into}.part`
  const file = await open(draft, 'w', 0o600)
  const hash = createHash('sha256')
  try {
    for await (const chunk of answer.body) {
      hash.update(chunk)
      await file.writeFile(chunk)
    }
    if (hash.digest('hex') !== packageDigest) throw new Error('it is not the one that was promised')
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await rename(draft, into)
}
