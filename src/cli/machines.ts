import type { Client } from './client.ts'
import { failed, notFound } from './failure.ts'
import type { MachineStatus } from './server-status.ts'

/** By name, or by id where a name stands for several. Fails with exit code 3 when there is none. */
export async function findMachine(client: Pick<Client, 'ask'>, nameOrId: string): Promise<MachineStatus> {
  const { value } = await client.ask<{ value: MachineStatus[] }>('GET', '/providers/Lazuli.Server/machines')
  const asked = nameOrId.toLowerCase()
  const found = value.filter(({ name, id }) => [name, id].some(one => one.toLowerCase() === asked))
  const [machine] = found
  if (!machine) {
    const names = value.map(({ name }) => name).join(', ')
    throw notFound(`There is no machine ${nameOrId}.`, names ? `There are: ${names}` : 'There are no machines yet.')
  }
  if (found.length > 1) {
    throw failed(`There are several machines ${nameOrId}. Use an id:`, ...found.map(({ id }) => id))
  }
  return machine
}
