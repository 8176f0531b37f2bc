import { Agent } from 'node:https'
import type { TestContext } from 'node:test'
import { type Answer, exchange } from '../exchange.ts'
import type { Lazuli } from '../start.ts'
import { newGroup, newVault } from './arrange.ts'

export type Shown = { readonly id?: string; readonly status?: string; readonly value?: string }

/** Not every system finds names below `localhost`. */
const toLoopback = ({ all }: { all?: boolean | undefined }, found: (error: null, ...address: never[]) => void) =>
  (found as (error: null, address: unknown, family?: number) => void)(
    null,
    all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1',
    4,
  )

/** Makes a vault, and returns how the administrator asks it by its own name, wherever its server is by then. */
export async function openVaultRequests(t: TestContext, lazuli: Lazuli) {
  const name = await newVault(lazuli, await newGroup(lazuli))
  const agent = new Agent({ ca: lazuli.ca, lookup: (_name, options, found) => toLoopback(options, found as never) })
  t.after(() => agent.destroy())
  return async (method: string, path: string, body?: unknown): Promise<Answer<Shown>> => {
    const { port } = new URL(lazuli.url)
    return exchange<Shown>(method, `https://${name}.vault.${lazuli.env.domain}:${port}${path}?api-version=7.4`, {
      agent,
      headers: {
        // A new one each time: tests move the clock further than a token lives.
        authorization: `Bearer ${await lazuli.token('https://vault.azure.net')}`,
        'content-type': 'application/json',
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  }
}
