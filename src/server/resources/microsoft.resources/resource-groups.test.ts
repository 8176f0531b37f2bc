import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLazuli } from '../../testing/open-lazuli.ts'

test('a group is created once, updated after that, and shown as the tutorials print it', async t => {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const url = `${lazuli.subscription}/resourcegroups/DevTest?api-version=2016-09-01`
  const expected = {
    id: `${lazuli.subscription}/resourceGroups/DevTest`,
    name: 'DevTest',
    location: 'westus',
    properties: { provisioningState: 'Succeeded' },
  }

  const created = await lazuli.request('PUT', url, { token, body: { location: 'West US' } })
  assert.equal(created.status, 201)
  assert.deepEqual(await created.json(), expected)
  const updated = await lazuli.request('PUT', url, { token, body: { location: 'westus' } })
  assert.equal(updated.status, 200)
  const read = await lazuli.request('GET', url.toUpperCase().replace('API-VERSION', 'api-version'), { token })
  assert.equal(read.status, 200)
  assert.deepEqual(await read.json(), expected)
})
