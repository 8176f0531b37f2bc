/** Clients that change things as fast as they are answered, and the reader that looks at what became of it. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { machineBody, machineVersion, readerRole } from '../contract/arrange.ts'
import { claimsOf } from '../contract/curl.ts'
import type { Answer, Lazuli, SendOptions } from '../start.ts'
import { absent, type Ledger } from './ledger.ts'

const location = 'westeurope'
const versions = {
  group: 'api-version=2021-04-01',
  identity: 'api-version=2023-01-31',
  machine: machineVersion,
  assignment: 'api-version=2022-04-01',
  vault: 'api-version=2023-07-01',
  secret: 'api-version=7.4',
}

const tagged = (version: string) => ({ location, tags: { version } })

/**
 * Changes things in ever new groups until the server dies. `name` begins the names of the groups; `acknowledged` gets
 * the correlation id of each change that was answered.
 */
export async function writeUntilDeath(
  lazuli: Lazuli,
  ledger: Ledger,
  { name, what, acknowledged }: { name: string; what: 'machines' | 'vaults'; acknowledged: Set<string> },
): Promise<void> {
  /** Sends one change, and says what its answer says. Nothing but success and death may happen. */
  const send =
    (method: string, path: string, read: (body: Body) => string, body?: unknown, to: SendOptions = {}) =>
    async (): Promise<string> => {
      const correlationId = randomUUID()
      const headers = { ...to.headers, 'x-ms-correlation-request-id': correlationId }
      const answer = await lazuli.arm<Body>(method, path, { ...to, headers, ...(body === undefined ? {} : { body }) })
      assert.ok([200, 201, 202].includes(answer.status), `${method} ${path}: ${JSON.stringify(answer.body)}`)
      acknowledged.add(correlationId)
      return read(answer.body)
    }
  const gone = (path: string) => send('DELETE', path, () => absent)

  async function machines(number: number): Promise<void> {
    const group = `${lazuli.subscription}/resourceGroups/${name}-${number}`
    const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity`
    const machine = `${group}/providers/Microsoft.Compute/virtualMachines/machine`
    const assignment = `${group}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`
    const keys = [group, identity, machine, assignment]

    await ledger.change([group], send('PUT', `${group}?${versions.group}`, tagOf, tagged('first')), 'first')
    const principalId = await ledger.change(
      [identity],
      send('PUT', `${identity}?${versions.identity}`, ({ properties }) => String(properties.principalId), { location }),
    )
    const roleDefinitionId = `${lazuli.subscription}/providers/Microsoft.Authorization/roleDefinitions/${readerRole}`
    await ledger.change(
      [assignment],
      send('PUT', `${assignment}?${versions.assignment}`, ({ properties }) => String(properties.principalId), {
        properties: { roleDefinitionId, principalId },
      }),
      principalId,
    )
    if (number % 3 === 0) {
      const body = machineBody({ type: 'SystemAssigned' })
      const read = ({ properties }: Body) => String(properties.vmId)
      await ledger.change([machine], send('PUT', `${machine}?${versions.machine}`, read, body))
    }
    await ledger.change([group], send('PATCH', `${group}?${versions.group}`, tagOf, tagged('second')), 'second')
    if (number % 2 === 0) await ledger.change([assignment], gone(`${assignment}?${versions.assignment}`), absent)
    if (number % 4 === 0) await ledger.change([identity], gone(`${identity}?${versions.identity}`), absent)
    if (number % 5 === 0) await ledger.change(keys, gone(`${group}?${versions.group}`), absent)
  }

  /** A group with a vault, and in it a secret that is set twice, and taken back after it was deleted. */
  async function vaults(number: number): Promise<void> {
    const vaultName = `${name}-${number}`
    const group = `${lazuli.subscription}/resourceGroups/${vaultName}`
    const vault = `${group}/providers/Microsoft.KeyVault/vaults/${vaultName}`
    const secret = `${vault}/secrets/s`
    const { tenantId } = lazuli.env
    const token = await lazuli.token(vaultAudience)
    await ledger.change([group], send('PUT', `${group}?${versions.group}`, tagOf, tagged('first')), 'first')
    const to = asKeeper(lazuli, vaultName, token)
    const objectId = String(claimsOf(token).oid)
    const permissions = { secrets: ['all'] }
    const properties = {
      tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [{ tenantId, objectId, permissions }],
    }
    const path = `/secrets/s?${versions.secret}`
    const recovery = `/deletedsecrets/s/recover?${versions.secret}`
    const value = (body: Body) => String(body.value)
    await ledger.change(
      [vault],
      send('PUT', `${vault}?${versions.vault}`, ({ id }) => id, { location, properties }),
      vault,
    )
    for (const text of ['one', 'two'])
      await ledger.change([secret], send('PUT', path, value, { value: text }, to), text)
    await ledger.change(
      [secret],
      send('DELETE', path, () => absent, undefined, to),
      absent,
    )
    await ledger.change(
      [secret],
      send('POST', recovery, () => 'two', undefined, to),
      'two',
    )
    if (number % 3 === 0) await ledger.change([vault, secret], gone(`${vault}?${versions.vault}`), absent)
    if (number % 3 === 1) await ledger.change([group, vault, secret], gone(`${group}?${versions.group}`), absent)
  }

  try {
    for (let number = 0; ; number++) await (what === 'vaults' ? vaults(number) : machines(number))
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
  }
}

const vaultAudience = 'https://vault.azure.net'

/** How a vault is asked, by its own name, at the server's address. */
const asKeeper = ({ env, url }: Lazuli, vault: string, token: string): SendOptions => ({
  token,
  headers: { host: `${vault}.vault.${env.domain}:${new URL(url).port}` },
})

type Body = {
  readonly id: string
  readonly value?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly properties: Readonly<Record<string, unknown>>
}

const tagOf = ({ tags }: Body) => tags?.version ?? ''

/** What is there of what the writers write, once the deletions that were promised have been carried out. */
export async function observe(lazuli: Lazuli): Promise<ReadonlyMap<string, string>> {
  const { subscription } = lazuli
  const list = (path: string, version: string) => everything(lazuli, `${subscription}/${path}?${version}&$top=1000`)
  const groups = await until(
    () => list('resourceGroups', versions.group),
    rows => rows.every(({ properties }) => properties.provisioningState !== 'Deleting'),
  )
  const identities = await list('providers/Microsoft.ManagedIdentity/userAssignedIdentities', versions.identity)
  const machines = await list('providers/Microsoft.Compute/virtualMachines', versions.machine)
  const assignments = await list('providers/Microsoft.Authorization/roleAssignments', versions.assignment)
  const vaults = await list('providers/Microsoft.KeyVault/vaults', versions.vault)
  const token = await lazuli.token(vaultAudience)
  const secrets = await Promise.all(vaults.map(vault => secretIn(lazuli, vault, token)))
  const key = (id: string) => id.replace('/resourcegroups/', '/resourceGroups/')
  return new Map([
    ...groups.map((group): [string, string] => [key(group.id), tagOf(group)]),
    ...identities.map(({ id, properties }): [string, string] => [key(id), String(properties.principalId)]),
    ...machines.map(({ id, properties }): [string, string] => [key(id), String(properties.vmId)]),
    ...vaults.map(({ id }): [string, string] => [id, id]),
    ...secrets.flat(),
    ...assignments
      .filter(({ id }) => id.startsWith(`${subscription}/`))
      .map(({ id, properties }): [string, string] => [key(id), String(properties.principalId)]),
  ])
}

async function secretIn(lazuli: Lazuli, { id }: Body, token: string): Promise<[string, string][]> {
  const to = asKeeper(lazuli, id.split('/').at(-1) ?? '', token)
  const { status, body } = await lazuli.arm('GET', `/secrets/s?${versions.secret}`, to)
  assert.ok(status === 200 || status === 404, JSON.stringify(body))
  return status === 200 ? [[`${id}/secrets/s`, body.value]] : []
}

/** All pages of a list. */
export async function everything<Row = Body>(lazuli: Lazuli, path: string): Promise<Row[]> {
  const found: Row[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const { status, body }: Answer<{ value: Row[]; nextLink?: string }> = await lazuli.arm('GET', next)
    assert.equal(status, 200, JSON.stringify(body))
    found.push(...body.value)
    next = body.nextLink?.slice(new URL(body.nextLink).origin.length)
  }
  return found
}

/** Asks until the answer is as wished. */
export async function until<T>(ask: () => Promise<T>, isWished: (answer: T) => boolean): Promise<T> {
  // Generous: what is slow is a busy host.
  const giveUpAt = Date.now() + 300_000
  for (;;) {
    const answer = await ask()
    if (isWished(answer)) return answer
    if (Date.now() > giveUpAt) throw new Error(`It does not come to an end: ${JSON.stringify(answer)}`)
    await pause(20)
  }
}
