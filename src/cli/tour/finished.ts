import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, type Client, complaint } from '../client.ts'
import { failed } from '../failure.ts'

/** Sooner than the server proposes: we know that it does not mind. */
const pollMs = 150

/** Waits for the end of the work that an answer announces. Fails when the answer, or the work, is a failure. */
export async function finished(client: Pick<Client, 'send'>, answer: Answer): Promise<void> {
  if (answer.status >= 400) throw failed(complaint(answer))
  const operation = answer.headers['azure-asyncoperation'] ?? answer.headers.location
  if (typeof operation !== 'string') return
  const { pathname, search } = new URL(operation)
  for (;;) {
    const state = await client.send('GET', pathname + search)
    if (state.status >= 400) throw failed(complaint(state))
    const { status, error } = state.text === '' ? {} : JSON.parse(state.text)
    if (status === 'Failed' || status === 'Canceled') throw failed(error?.message ?? `It was not finished: ${status}.`)
    // An answer of Location alone says by its status whether there is more to wait for.
    if (status === undefined ? state.status !== 202 : status === 'Succeeded') return
    await pause(pollMs)
  }
}
