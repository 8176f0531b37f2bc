import * as z from 'zod'
import { checked } from '../../arm/envelope.ts'
import { defineResource, type ResourceAction } from '../../arm/resource-type.ts'
import { readJson } from '../../door/body.ts'
import { generateSshKeyPair } from '../../ssh/key-pair.ts'
import { mergePatch } from '../merge-patch.ts'
import { sshPublicKeyVersions } from './api-versions.ts'
import { isSupportedKey } from './os-profile.ts'
import { invalidParameter } from './refusals.ts'

const properties = z.looseObject({ publicKey: z.string().optional() })

const generation = z.object({ encryptionType: z.string().optional() })
const kinds = new Map<string, 'RSA' | 'Ed25519'>([
  ['rsa', 'RSA'],
  ['ed25519', 'Ed25519'],
])

/** The one time that the private key is seen: it is answered and not kept. */
const generateKeyPair: ResourceAction['run'] = async (cx, resource) => {
  const { encryptionType = 'RSA' } = checked(generation, await readJson(cx.request))
  const kind = kinds.get(encryptionType.toLowerCase())
  if (!kind) throw invalidParameter('encryptionType')
  const { publicKey, privateKey } = await generateSshKeyPair(kind, 'generated-by-azure')
  const { id } = await cx.store.write(async tx => {
    const { body } = (await tx.resources.get(cx.grant, resource.id)) ?? resource
    return tx.resources.put(cx.grant, resource.id, { ...body, properties: { ...body.properties, publicKey } })
  })
  return Response.json({ privateKey, publicKey, id: id.text })
}

/** Public keys that are kept to be put into machines. */
export const sshPublicKeys = defineResource<z.infer<typeof properties>>({
  type: 'Microsoft.Compute/sshPublicKeys',
  apiVersions: sshPublicKeyVersions,
  location: 'required',
  name: {
    pattern: /^[a-z\d](?:[a-z\d._-]{0,78}[a-z\d_])?$/i,
    rule: 'The name must have 1 to 80 letters, digits, periods, hyphens and underscores, begin with a letter or digit, and not end with a period or hyphen.',
  },
  properties,

  put({ existing, body }) {
    const { publicKey = existing?.body.properties.publicKey } = body.properties
    if (publicKey !== undefined && !isSupportedKey(String(publicKey))) throw invalidParameter('sshPublicKey.publicKey')
    return { body: { ...body, properties: publicKey === undefined ? {} : { publicKey } } }
  },

  patch: ({ body }, patch) => ({
    ...body,
    properties: mergePatch(body.properties, { ...(patch.properties as object) }),
  }),

  actions: { generateKeyPair: { run: generateKeyPair } },
})
