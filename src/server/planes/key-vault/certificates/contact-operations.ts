import * as z from 'zod'
import { readJson } from '../../../door/body.ts'
import { checked } from '../../../vaults/attributes.ts'
import { type Contact, contactsOf, putContacts } from '../../../vaults/certificates/contacts.ts'
import { contactsNotFound } from '../../../vaults/certificates/refusals.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'

const text = z.string().max(256).nullish()
const wish = z.looseObject({
  contacts: z
    .array(
      z.looseObject({
        email: z
          .string()
          .max(256)
          .regex(/^[^\s@]+@[^\s@]+$/, 'an e-mail address was expected'),
        name: text,
        phone: text,
      }),
    )
    .max(100),
})

const alike = { action: 'certificatecontacts/write', permission: 'certificates/managecontacts' } as const

/** Who is to be told about certificates of this vault. One right for all of it, as on Azure. */
export const contactOperations = [
  vaultOperation<'read'>({
    ...alike,
    route: 'GET /certificates/contacts',
    verb: 'read',
    async run(cx) {
      const contacts = await contactsOf(cx.store, cx.grant, cx.vault)
      if (contacts.length === 0) throw contactsNotFound()
      return answer(cx, shown(cx, contacts))
    },
  }),
  vaultOperation<'write'>({
    ...alike,
    route: 'PUT /certificates/contacts',
    verb: 'write',
    async run(cx) {
      const { contacts: wished } = checked(wish, await readJson(cx.request))
      const contacts = wished.map(
        ({ email, name, phone }): Contact => ({
          email,
          ...(name == null ? {} : { name }),
          ...(phone == null ? {} : { phone }),
        }),
      )
      await cx.store.write(tx => putContacts(tx, cx.grant, cx.vault, contacts))
      return answer(cx, shown(cx, contacts))
    },
  }),
  vaultOperation<'delete'>({
    ...alike,
    route: 'DELETE /certificates/contacts',
    verb: 'delete',
    async run(cx) {
      const contacts = await cx.store.write(async tx => {
        const before = await contactsOf(tx, cx.grant, cx.vault)
        if (before.length === 0) throw contactsNotFound()
        await putContacts(tx, cx.grant, cx.vault, [])
        return before
      })
      return answer(cx, shown(cx, contacts))
    },
  }),
]

const shown = ({ origin }: VaultContext, contacts: readonly Contact[]) => ({
  id: `${origin}/certificates/contacts`,
  contacts,
})
