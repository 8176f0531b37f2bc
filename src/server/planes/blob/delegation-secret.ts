import { randomBytes } from 'node:crypto'
import { systemGrant } from '../../access/grant.ts'
import type { Store } from '../../store/open.ts'

const keepSecret = systemGrant('keep the secret that user delegation keys are derived from')
const name = 'delegation secret'

/** Made when the first key is asked for. */
export async function delegationSecret(store: Store): Promise<Uint8Array> {
  const known = await store.settings.get(keepSecret, name)
  if (known !== undefined) return store.sealing.open(name, Buffer.from(known, 'base64'))
  return store.write(async tx => {
    const already = await tx.settings.get(keepSecret, name)
    if (already !== undefined) return store.sealing.open(name, Buffer.from(already, 'base64'))
    const secret = randomBytes(32)
    await tx.settings.put(keepSecret, name, Buffer.from(store.sealing.seal(name, secret)).toString('base64'))
    return secret
  })
}
