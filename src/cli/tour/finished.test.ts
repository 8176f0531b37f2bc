import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer, Client } from '../client.ts'
import { finished } from './finished.ts'

const operation = 'https://management.azure.com/subscriptions/s/operations/o?api-version=1'

function answering(...answers: Partial<Answer>[]): { client: Pick<Client, 'send'>; asked: string[] } {
  const asked: string[] = []
  const send = async (method: string, path: string) => {
    asked.push(`${method} ${path}`)
    return { status: 200, headers: {}, text: '', ...answers.shift() }
  }
  return { asked, client: { send } }
}

test('an answer that announces no further work is the end of it', async () => {
  const { client, asked } = answering()
  await finished(client, { status: 200, headers: {}, text: '{}' })
  assert.deepEqual(asked, [])
})

test('work is asked after at the server itself until it has succeeded', async () => {
  const { client, asked } = answering({ text: '{"status":"InProgress"}' }, { text: '{"status":"Succeeded"}' })
  await finished(client, { status: 201, headers: { 'azure-asyncoperation': operation }, text: '{}' })
  assert.deepEqual(asked, Array(2).fill('GET /subscriptions/s/operations/o?api-version=1'))
})

test('work that has failed is a failure with the message of the server', async () => {
  const { client } = answering({ text: '{"status":"Failed","error":{"code":"X","message":"no room"}}' })
  const answer = { status: 201, headers: { 'azure-asyncoperation': operation }, text: '{}' }
  await assert.rejects(finished(client, answer), { message: 'no room', exitCode: 1 })
})

test('work that only Location tells of goes on while the answer is 202', async () => {
  const { client, asked } = answering({ status: 202 }, { status: 200 })
  await finished(client, { status: 202, headers: { location: operation }, text: '' })
  assert.equal(asked.length, 2)
})

test('a refusal is a failure', async () => {
  const refused = { status: 403, headers: {}, text: '{"error":{"code":"AuthorizationFailed","message":"not you"}}' }
  await assert.rejects(finished(answering().client, refused), { message: 'not you' })
})
