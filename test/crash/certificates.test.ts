import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openVaultRequests } from '../contract/vault-requests.ts'
import { startLazuli } from '../start.ts'

const rounds = 8
const writers = 4

test('every certificate that a killed server has promised is issued by the next one, whole', async t => {
  const lazuli = await startLazuli(t)
  const ask = await openVaultRequests(t, lazuli)
  const promised = new Set<string>()
  const policy = {
    key_props: { kty: 'EC', crv: 'P-256' },
    secret_props: { contentType: 'application/x-pem-file' },
    x509_props: { subject: 'CN=a' },
    issuer: { name: 'Lazuli' },
  }
  /** Asks for ever new certificates until the server dies. */
  const writeUntilDeath = async (name: string) => {
    try {
      for (let number = 0; ; number++) {
        const { status } = await ask('POST', `/certificates/${name}-${number}/create`, { policy })
        assert.equal(status, 202)
        promised.add(`${name}-${number}`)
      }
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
    }
  }

  for (let round = 0; round < rounds; round++) {
    const writing = Array.from({ length: writers }, (_, writer) => writeUntilDeath(`r${round}w${writer}`))
    // The first one of a process takes longer than all others.
    const before = promised.size
    while (promised.size === before) await pause(5)
    await pause(randomInt(0, 200))
    await lazuli.kill('SIGKILL')
    await Promise.all(writing)
    await lazuli.restart()
  }
  assert.ok(promised.size > rounds, `only ${promised.size}`)
  t.diagnostic(`${promised.size} certificates`)

  // Also what was begun and never answered is either not there or becomes whole.
  const begun = Array.from({ length: rounds * writers }, (_, at) => `r${Math.floor(at / writers)}w${at % writers}`).map(
    prefix => `${prefix}-${[...promised].filter(name => name.startsWith(`${prefix}-`)).length}`,
  )
  for (const name of [...promised, ...begun]) {
    const pending = await ended(name)
    if (pending === undefined && !promised.has(name)) continue
    assert.equal(pending, 'completed', name)
    const version = idOf(await ask('GET', `/certificates/${name}`))
    const secret = await ask('GET', `/secrets/${name}`)
    assert.equal(idOf(secret), version)
    assert.equal(secret.body.value?.match(/BEGIN CERTIFICATE/g)?.length, 3)
  }

  async function ended(name: string): Promise<string | undefined> {
    for (;;) {
      const { status, body } = await ask('GET', `/certificates/${name}/pending`)
      if (status === 404 || body.status !== 'inProgress') return body.status
      await pause(50)
    }
  }
})

const idOf = ({ body }: { body: { id?: string } }) => body.id?.split('/').at(-1)
