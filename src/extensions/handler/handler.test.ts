import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { run } from '../host/run.ts'
import { type HandlerEnvironment, readEnvironment } from './environment.ts'
import { openLog } from './log.ts'
import { currentSequence, finishedSequence, recordFinished } from './sequence.ts'
import { settingsDigest, takeSettings } from './settings.ts'
import { writeStatus } from './status.ts'

// Files of a handler are written as root's.
const limits = { skip: process.getuid?.() === 0 ? false : 'needs root: what a handler writes belongs to root' }
const now = new Date('2026-11-21T02:31:55.123Z')

/** A handler's folder as an agent lays it out. */
function openHandler(t: TestContext, { bare = false } = {}): HandlerEnvironment {
  const folder = join(mkdtempSync(join(tmpdir(), 'lazuli-handler-')), 'Publisher.Type-1.0.0')
  t.after(() => rmSync(join(folder, '..'), { recursive: true }))
  const folders = {
    logFolder: `${folder}/log`,
    configFolder: `${folder}/config`,
    statusFolder: `${folder}/status`,
    heartbeatFile: `${folder}/heartbeat.log`,
  }
  for (const path of [folders.configFolder, folders.statusFolder]) mkdirSync(path, { recursive: true })
  const entry = { name: 'Publisher.Type', version: 1.0, handlerEnvironment: folders }
  writeFileSync(join(folder, 'HandlerEnvironment.json'), JSON.stringify(bare ? entry : [entry]))
  return readEnvironment(folder, { AZURE_GUEST_AGENT_EXTENSION_VERSION: '1.0.0', ConfigSequenceNumber: '' })
}

const write = (handler: HandlerEnvironment, number: number, settings: unknown) =>
  writeFileSync(
    `${handler.configFolder}/${number}.settings`,
    typeof settings === 'string' ? settings : JSON.stringify(settings),
  )
const settingsOf = (handlerSettings: unknown) => ({ runtimeSettings: [{ handlerSettings }] })

test('the environment is read as an array and as a bare object', t => {
  const { handlerFolder, ...environment } = openHandler(t)
  assert.equal(environment.libFolder, join(handlerFolder, '..'))
  assert.deepEqual(
    [environment.name, environment.version, environment.sequence],
    ['Publisher.Type', '1.0.0', undefined],
  )
  assert.equal(openHandler(t, { bare: true }).name, 'Publisher.Type')
})

test('the number of the run is what the agent says, otherwise that of the newest settings', t => {
  const handler = openHandler(t)
  assert.throws(() => currentSequence(handler), /There are no settings/)
  for (const [number, at] of [
    [3, 2_000],
    [10, 1_000],
    [7, 3_000],
  ] as const) {
    write(handler, number, '')
    utimesSync(`${handler.configFolder}/${number}.settings`, at, at)
  }
  assert.equal(currentSequence(handler), 7)
  assert.equal(currentSequence({ ...handler, sequence: 0 }), 0)
})

test('what is done is a plain number in mrseq', limits, async t => {
  const handler = openHandler(t)
  assert.equal(finishedSequence(handler), -1)
  await recordFinished(handler, 12)
  assert.equal(finishedSequence(handler), 12)
  assert.equal(readFileSync(`${handler.handlerFolder}/mrseq`, 'utf8'), '12')
})

test('settings are taken once, and their secrets do not stay', limits, async t => {
  const handler = openHandler(t)
  write(handler, 0, settingsOf({ publicSettings: { a: 1 }, protectedSettings: { b: 'secret' } }))
  const digest = settingsDigest(handler, 0)
  assert.match(digest ?? '', /^sha256:/)
  assert.deepEqual(await takeSettings(handler, 0, run), {
    publicSettings: { a: 1 },
    protectedSettings: { b: 'secret' },
  })
  const left = readFileSync(`${handler.configFolder}/0.settings`, 'utf8')
  assert.deepEqual(
    JSON.parse(left),
    settingsOf({
      publicSettings: { a: 1 },
      protectedSettings: '*** REDACTED ***',
      protectedSettingsCertThumbprint: '*** REDACTED ***',
    }),
  )
  assert.equal(settingsDigest(handler, 0), undefined)
  await assert.rejects(takeSettings(handler, 0, run), /have been used and removed/)
})

test('settings that are not there are none, and settings that are no settings are refused', limits, async t => {
  const handler = openHandler(t)
  write(
    handler,
    0,
    settingsOf({ publicSettings: null, protectedSettings: null, protectedSettingsCertThumbprint: null }),
  )
  assert.deepEqual(await takeSettings(handler, 0, run), { publicSettings: {}, protectedSettings: {} })
  write(handler, 1, '')
  assert.deepEqual(await takeSettings(handler, 1, run), { publicSettings: {}, protectedSettings: {} })
  for (const settings of ['{', '[]', 'null', {}, { runtimeSettings: {} }, { runtimeSettings: [] }]) {
    write(handler, 2, settings)
    await assert.rejects(takeSettings(handler, 2, run), /is not a settings file/)
  }
  write(handler, 3, settingsOf({ publicSettings: 'text' }))
  await assert.rejects(takeSettings(handler, 3, run), { message: 'Failed to decode publicSettings' })
  await assert.rejects(takeSettings(handler, 4, run), /There are no settings at/)
})

test('a status has the shape that agents check, with texts for codes', limits, async t => {
  const handler = openHandler(t)
  const substatus = [{ name: 'sudo', status: 'success', code: 0, message: 'x'.repeat(9_000) }] as const
  await writeStatus(
    handler,
    5,
    { operation: 'Enable', status: 'success', code: 0, message: 'Enable succeeded.', substatus },
    now,
  )
  assert.deepEqual(JSON.parse(readFileSync(`${handler.statusFolder}/5.status`, 'utf8')), [
    {
      version: '1.0',
      timestampUTC: '2026-11-21T02:31:55Z',
      status: {
        name: 'Publisher.Type',
        operation: 'Enable',
        status: 'success',
        code: '0',
        formattedMessage: { lang: 'en-US', message: 'Enable succeeded.' },
        substatus: [
          {
            name: 'sudo',
            status: 'success',
            code: '0',
            formattedMessage: { lang: 'en-US', message: 'x'.repeat(8_000) },
          },
        ],
      },
    },
  ])
  assert.equal(statSync(`${handler.statusFolder}/5.status`).mode & 0o777, 0o600)
})

test('an entry of the log is one line, whatever it says', t => {
  const handler = openHandler(t)
  const log = openLog(handler, () => now)
  log.line('Begun.')
  log.error('sshd said:\n  line 3\n2026/11/21 a forged entry')
  assert.equal(
    readFileSync(`${handler.logFolder}/extension.log`, 'utf8'),
    `2026/11/21 02:31:55 [Publisher.Type-1.0.0] Begun.
2026/11/21 02:31:55 [Publisher.Type-1.0.0] ERROR: sshd said: | line 3 | 2026/11/21 a forged entry
`,
  )
})
