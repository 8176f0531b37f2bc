import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { openServer, type Server } from './lazuli.ts'
import { inTurn, loadPerCoreSecond } from './load.ts'
import { type Program, start } from './program.ts'
import type { Without } from './programs/vault-server.ts'
import { heading, measured, note, ratio } from './report.ts'

const rounds = 7
const seconds = 3
const connections = 32

/** A secret, read again and again: with all that stands before it, and with one step of that left out at a time. */
export async function keyVault({ program, folder }: { program: string; folder: string }): Promise<void> {
  heading(`GET of a secret over TLS: authenticated, authorized by a role, audited; ${connections} connections`)
  await using server = await openServer({ program, data: join(folder, 'vault'), machines: 'none', side: 'server' })
  const request = await secretOf(server)
  await using whole = await openVariant('nothing')
  await using forgetful = await openVariant('remembered signatures')
  await using unauthorized = await openVariant('authorization')
  await using unasked = await openVariant('authentication')
  await using unaudited = await openVariant('audit')
  const samples = await inTurn(rounds, {
    server: () => loadPerCoreSecond(server.pid, request),
    whole: whole.rate,
    forgetful: forgetful.rate,
    unauthorized: unauthorized.rate,
    unasked: unasked.rate,
    unaudited: unaudited.rate,
  })
  measured('Lazuli', samples.server, 'per core second', { atLeast: 4_000 })
  note('Below, the same parts in a program that can leave one of them out:')
  measured('all steps', samples.whole, 'per core second')
  measured('the signature verified anew for each request', samples.forgetful, 'per core second')
  ratio('  to all steps', samples.forgetful, samples.whole)
  measured('without authorization', samples.unauthorized, 'per core second')
  ratio('  to all steps', samples.unauthorized, samples.whole)
  measured('without token and authorization', samples.unasked, 'per core second')
  ratio('  to all steps', samples.unasked, samples.whole)
  measured('without audit', samples.unaudited, 'per core second')
  ratio('  to all steps', samples.unaudited, samples.whole)
}

type Request = Parameters<typeof loadPerCoreSecond>[1]

const secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

/** A vault with roles, and a secret that its reader has the role for. */
async function secretOf(server: Server): Promise<Request> {
  const { url, installation, client } = server
  const { subscriptionId, tenantId } = installation.administrator
  const subscription = `/subscriptions/${subscriptionId}`
  const group = `${subscription}/resourceGroups/bench`
  const vault = `${group}/providers/Microsoft.KeyVault/vaults/bench`
  await client.ask('PUT', `${group}?api-version=2021-04-01`, { location: 'westeurope' })
  await client.ask('PUT', `${vault}?api-version=2023-07-01`, {
    location: 'westeurope',
    properties: { tenantId, sku: { family: 'A', name: 'standard' }, enableRbacAuthorization: true },
  })
  await client.ask('PUT', `${vault}/secrets/s?api-version=2023-07-01`, { properties: { value: 'correct horse' } })

  const token = await server.token('https://vault.azure.net')
  const { oid: principalId } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const roleDefinitionId = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${secretsUser}`
  const assignment = `${vault}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`
  await client.ask('PUT', `${assignment}?api-version=2022-04-01`, { properties: { roleDefinitionId, principalId } })
  const headers = { host: `bench.vault.lazuli.localhost:${new URL(url).port}`, authorization: `Bearer ${token}` }
  return { url: `${url}/secrets/s?api-version=7.4`, method: 'GET', headers, connections, seconds }
}

async function openVariant(without: Without): Promise<Program & { rate(): Promise<number> }> {
  const argv = [process.execPath, join(import.meta.dirname, 'programs', 'vault-server.ts')]
  const variant = start({ argv, side: 'server', input: { without } })
  const { port, headers, path } = await variant.json<{ port: number; headers: Record<string, string>; path: string }>()
  const request = { url: `https://localhost:${port}${path}`, method: 'GET', headers, connections, seconds }
  return Object.assign(variant, { rate: () => loadPerCoreSecond(variant.pid, request) })
}
