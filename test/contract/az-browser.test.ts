import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { azLane, besideLazuli, lanesMissing, registerCloud } from './az.ts'
import { openPage, writes } from './browser.ts'

// Not under lazuli exec: a person's own browser does not go through its proxy, and would end up at Azure.
test('az signs a person in through the browser that it opens', { skip: lanesMissing }, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t), azLane('trixie', t)])
  const { username, password } = lazuli.env.admin
  const beside = besideLazuli(lazuli, lane)
  await registerCloud(beside, lazuli)

  // az starts what BROWSER names with the address to open, as long as it believes that there is a screen.
  const [browser, opened] = [join(lane.home, 'browser'), join(lane.home, 'opened')]
  await writeFile(browser, `#!/bin/sh\nprintf '%s\\n' "$1" > '${opened}'\n`, { mode: 0o755 })
  await writeFile(opened, '')
  const login = beside.az('login', { BROWSER: browser, DISPLAY: ':0' })
  const [address = ''] = await writes(opened, /^https:.*$/m, login)

  const page = await openPage(lazuli, address)
  assert.match((await page.submit({ username, password: 'wrong' })).text, /id="problem"/)
  const { redirect = '' } = await page.submit({ username, password })
  assert.match(redirect, /^http:\/\/localhost:8400\/?\?/, 'az listens there, as long as the sign-in lasts')
  assert.equal((await fetch(redirect)).status, 200)

  const [account] = await login
  assert.deepEqual(account.user, { name: username, type: 'user' })
  assert.equal(await beside.az('group exists -n any'), false)
})
