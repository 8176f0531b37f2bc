import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { connectAcme } from './connection.ts'

const directoryUrl = 'https://acme.test/directory'
const urls = { newNonce: `${directoryUrl}/n`, newAccount: `${directoryUrl}/a`, newOrder: `${directoryUrl}/o` }

function connect(answers: Readonly<Record<string, () => Response>>) {
  const asked: string[] = []
  const { privateKey: accountKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const fetch = async (url: unknown) => {
    asked.push(String(url))
    return answers[String(url)]?.() ?? new Response(null, { status: 404 })
  }
  const { signal } = new AbortController()
  return { asked, connected: connectAcme({ directoryUrl, accountKey, contacts: [], fetch, signal }) }
}

test('a server that names addresses of another protocol is not followed there', async () => {
  const inside = 'http://169.254.169.254/metadata'
  const { asked, connected } = connect({
    [directoryUrl]: () => Response.json({ ...urls, newNonce: inside }),
  })
  await assert.rejects(connected, { message: `${inside} is no address of an ACME server`, mayPass: false })
  assert.deepEqual(asked, [directoryUrl])
})

test('an answer without end is given up', async () => {
  let portions = 0
  const endless = new ReadableStream({
    pull(controller) {
      portions++
      controller.enqueue(new Uint8Array(64 * 1024))
    },
  })
  const { connected } = connect({ [directoryUrl]: () => new Response(endless) })
  await assert.rejects(connected, { message: /answers without end$/, mayPass: true })
  assert.ok(portions < 32, `${portions}`)
})
