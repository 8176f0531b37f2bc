import * as z from 'zod'
import { parseResourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { checked } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'

const body = z.strictObject({ as: z.string().trim().min(1) })
const findIdentities = systemGrant('find what a name of `lazuli exec --as` stands for')

/** The types whose identity a program can be given. */
const actors = ['Microsoft.Compute/virtualMachines', 'Microsoft.ManagedIdentity/userAssignedIdentities']

/** Lets a program that uses our proxy be answered at the metadata address as a machine or an identity would be. */
export const tickets = operation({
  name: 'Lazuli.Server/tickets/action',
  route: 'POST /providers/Lazuli.Server/tickets',
  access: { verb: 'action', action: 'Lazuli.Server/tickets/action', on: () => '/' },
  async run(cx) {
    const { as } = checked(body, await readJson(cx.request))
    const known = (await Promise.all(actors.map(type => cx.store.resources.ofType(findIdentities, type)))).flat()
    const asked = as.toLowerCase()
    const wanted = parseResourceId(as)?.key
    const found = known.filter(({ id }) => (wanted === undefined ? id.name.toLowerCase() === asked : id.key === wanted))
    const [one] = found
    if (!one)
      throw new AzureError(404, 'ResourceNotFound', `There is no machine and no user-assigned identity named '${as}'.`)
    if (found.length > 1) {
      const ids = found.map(({ id }) => id.text).join(', ')
      throw new AzureError(409, 'AmbiguousName', `'${as}' names several: ${ids}. Use one of these ids.`)
    }
    return Response.json({ id: one.id.text, ...cx.control.tickets.for(one.id.text) })
  },
})
