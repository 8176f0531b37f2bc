/** A disk that is full, and one that fails: what was answered stays, and what was refused has not happened. */

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { newGroup, newVault, unique } from '../contract/arrange.ts'
import { type Answer, type Lazuli, startLazuli } from '../start.ts'
import { until } from './changes.ts'
import { openLedger } from './ledger.ts'
import { mountSmallDisk } from './small-disk.ts'
import { type Course, done, openStorage, workUntilDeath } from './storage-writers.ts'
import { sweepStopped } from './sweep-stopped.ts'

const skip = process.getuid?.() === 0 ? false : 'only root can mount a disk'

test('on a full disk nothing is lost or half written, and all goes on by itself when there is room', {
  skip,
}, async t => {
  const { disk, lazuli, ledger, seen, write, observe } = await openOnSmallDisk(t, 'unchanged')
  for (let round = 0; round < 2; round++) {
    const stop = write(round)
    await seen({ answered: 20 })
    await disk.fill()
    await seen({ failed: 30 })
    await stop()
    assert.deepEqual(ledger.compare(await observe()), [], `on the full disk, round ${round}`)
    if (round === 1) {
      await lazuli.kill('SIGKILL')
      await assert.rejects(lazuli.restart(), /There is no space left on the disk of/)
      await disk.empty()
      await lazuli.restart()
      assert.deepEqual(ledger.compare(await observe()), [], 'after a kill on the full disk')
    } else await disk.empty()
    const stopAgain = write(round)
    await seen({ answered: 20 })
    await stopAgain()
  }
  await lazuli.kill('SIGKILL')
  await lazuli.restart()
  assert.deepEqual(ledger.compare(await observe()), [], 'after a kill')
  assert.equal(await lazuli.kill('SIGTERM'), 0)
  assert.deepEqual((await sweepStopped(lazuli.directory)).orphans, [])
})

test('when the disk fails nothing more is acknowledged, and all that was is there when it is back', {
  skip,
}, async t => {
  const { disk, lazuli, ledger, seen, write, observe } = await openOnSmallDisk(t, 'unknown')
  for (let round = 0; round < 3; round++) {
    const stop = write(round)
    await seen({ answered: randomInt(5, 40) })
    await disk.fail()
    await seen({ failed: 30 })
    await stop()
    await lazuli.kill('SIGKILL')
    await disk.mountAgain()
    await lazuli.restart()
    assert.deepEqual(ledger.compare(await observe()), [], `after failure ${round}`)
  }
  assert.equal(await lazuli.kill('SIGTERM'), 0)
  assert.deepEqual((await sweepStopped(lazuli.directory)).orphans, [])
})

/** A server with its data on a small disk, and clients that change what is in it, whom failures do not stop. */
async function openOnSmallDisk(t: TestContext, failures: Course['failures']) {
  // What comes first is undone first.
  const later: (() => Promise<void>)[] = []
  const disk = await mountSmallDisk({ after: step => void later.push(step) })
  const lazuli = await startLazuli(t, { place: disk.path }).finally(() => t.after(() => later[0]?.()))
  const storage = await openStorage(lazuli)
  const others = await openOthers(lazuli)
  const ledger = openLedger()
  let [answered, failed] = [0, 0]
  return {
    ...{ disk, lazuli, ledger },
    /** Waits for so many more answers. */
    async seen(more: { answered?: number; failed?: number }) {
      const wanted = [answered + (more.answered ?? 0), failed + (more.failed ?? 0)] as const
      await until(
        async () => answered >= wanted[0] && failed >= wanted[1],
        isReached => isReached,
      )
    },
    /** Begins to write, until it is told to stop. */
    write(round: number): () => Promise<void> {
      let isOver = false
      const course: Course = {
        ...{ ledger, isOver: () => isOver },
        ...(failures === undefined ? {} : { failures }),
        onAnswer: () => void answered++,
        // A sync that the failure overtakes is told that its transaction is over, and it is: it was given up.
        isDoubtful: () => disk.isDown,
        onFailure: () => void failed++,
      }
      const writing = [
        others.write(course),
        ...[0, 1].map(writer => storage.writeBlobs(`w${writer}-${round}`, course)),
        ...[0, 1].map(writer => storage.writeFiles(unique(`w${writer}-${round}`), course)),
      ]
      return async () => {
        isOver = true
        await Promise.all(writing)
      }
    },
    observe: async () => new Map([...(await storage.observe()), ...(await others.observe())]),
  }
}

/** A group's tag and a vault's secret: what is no content is in the same database. */
async function openOthers(lazuli: Lazuli) {
  const group = await newGroup(lazuli)
  const host = `${await newVault(lazuli, group)}.vault.${lazuli.env.domain}`
  // While the disk is full nobody can sign in.
  const token = await lazuli.token('https://vault.azure.net')
  const asks: Record<string, (method: string, text?: string) => Promise<Answer>> = {
    group: (method, text) => {
      const body = text === undefined ? {} : { body: { location: 'westeurope', tags: { text } } }
      return lazuli.arm(method, `${group}-tagged?api-version=2021-04-01`, body)
    },
    secret: (method, text) => {
      const body = text === undefined ? {} : { body: { value: text } }
      return lazuli.arm(method, '/secrets/s?api-version=7.4', { token, headers: { host }, ...body })
    },
  }
  return {
    write: (course: Course) =>
      workUntilDeath(course, async () => {
        for (const [key, ask] of Object.entries(asks)) {
          const text = String(randomInt(1e12))
          const send = async () => {
            done(await ask('PUT', text), course, key)
            return text
          }
          await course.ledger.change([key], send, text)
        }
      }),
    async observe(): Promise<Map<string, string>> {
      const found = new Map<string, string>()
      for (const [key, ask] of Object.entries(asks)) {
        const { status, body } = await ask('GET')
        assert.ok(status === 200 || status === 404, JSON.stringify(body))
        if (status === 200) found.set(key, body.value ?? body.tags.text)
      }
      return found
    },
  }
}
