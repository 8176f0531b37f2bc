/** Clients that change things as fast as they are answered, and the reader that looks at what became of it. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { machineBody, machineVersion, readerRole } from '../contract/arrange.ts'
import type { Lazuli } from '../start.ts'
import { type Body, everything, groupVersion, location, sender, tagged, tagOf, until, type Writer } from './changes.ts'
import { absent, type Ledger } from './ledger.ts'
import { contentsOf, writeCertificates, writeKeys, writeSecrets } from './vaults.ts'

const versions = {
  identity: 'api-version=2023-01-31',
  assignment: 'api-version=2022-04-01',
  vault: 'api-version=2023-07-01',
}

const kinds = {
  machines: writeMachines,
  secrets: writeSecrets,
  keys: writeKeys,
  certificates: writeCertificates,
}

/** Changes things until the server dies. `acknowledged` gets the correlation id of each change that was answered. */
export async function writeUntilDeath(
  lazuli: Lazuli,
  ledger: Ledger,
  { name, what, acknowledged }: { name: string; what: keyof typeof kinds; acknowledged: Set<string> },
): Promise<void> {
  try {
    await kinds[what]({ lazuli, ledger, send: sender(lazuli, acknowledged), name })
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
  }
}

/** In ever new groups a machine, identities and what they may do. */
async function writeMachines({ lazuli, ledger, send, name }: Writer): Promise<void> {
  const gone = (path: string) => send('DELETE', path, () => absent)
  for (let number = 0; ; number++) {
    const group = `${lazuli.subscription}/resourceGroups/${name}-${number}`
    const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity`
    const machine = `${group}/providers/Microsoft.Compute/virtualMachines/machine`
    const assignment = `${group}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`
    const keys = [group, identity, machine, assignment]

    await ledger.change([group], send('PUT', `${group}?${groupVersion}`, tagOf, tagged('first')), 'first')
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
      await ledger.change([machine], send('PUT', `${machine}?${machineVersion}`, read, body))
    }
    await ledger.change([group], send('PATCH', `${group}?${groupVersion}`, tagOf, tagged('second')), 'second')
    if (number % 2 === 0) await ledger.change([assignment], gone(`${assignment}?${versions.assignment}`), absent)
    if (number % 4 === 0) await ledger.change([identity], gone(`${identity}?${versions.identity}`), absent)
    if (number % 5 === 0) await ledger.change(keys, gone(`${group}?${groupVersion}`), absent)
  }
}

/**
 * What is there of what the writers write, once the deletions that were promised have been carried out; of vaults, what is
 * in those whose names begin so.
 */
export async function observe(lazuli: Lazuli, names = ''): Promise<ReadonlyMap<string, string>> {
  const { subscription } = lazuli
  const list = (path: string, version: string) => everything(lazuli, `${subscription}/${path}?${version}&$top=1000`)
  const groups = await until(
    () => list('resourceGroups', groupVersion),
    rows => rows.every(({ properties }) => properties.provisioningState !== 'Deleting'),
  )
  const identities = await list('providers/Microsoft.ManagedIdentity/userAssignedIdentities', versions.identity)
  const machines = await list('providers/Microsoft.Compute/virtualMachines', machineVersion)
  const assignments = await list('providers/Microsoft.Authorization/roleAssignments', versions.assignment)
  const vaults = await list('providers/Microsoft.KeyVault/vaults', versions.vault)
  const contents = await contentsOf(
    lazuli,
    vaults.filter(({ id }) => id.includes(`/vaults/${names}`)),
  )
  const key = (id: string) => id.replace('/resourcegroups/', '/resourceGroups/')
  return new Map([
    ...groups.map((group): [string, string] => [key(group.id), tagOf(group)]),
    ...identities.map(({ id, properties }): [string, string] => [key(id), String(properties.principalId)]),
    ...machines.map(({ id, properties }): [string, string] => [key(id), String(properties.vmId)]),
    ...vaults.map(({ id }): [string, string] => [id, id]),
    ...contents,
    ...assignments
      .filter(({ id }) => id.startsWith(`${subscription}/`))
      .map(({ id, properties }): [string, string] => [key(id), String(properties.principalId)]),
  ])
}
