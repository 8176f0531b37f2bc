import { SettingsFailure } from './failure.ts'
import { metadataEndpoint } from './schema.ts'
import type { Identity } from './wish.ts'

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Throws SettingsFailure. The endpoint is given with and without `/oauth2/token`, in Azure's own examples too. */
export function readIdentity(
  { msiEndpoint, msiClientId }: { msiEndpoint?: string | null | undefined; msiClientId?: string | null | undefined },
  setting: string,
): Identity {
  const endpoint = (msiEndpoint || metadataEndpoint).replace(/\/+$/, '').replace(/\/oauth2\/token$/i, '')
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new SettingsFailure(
      `invalid ${setting}.msiEndpoint`,
      `${setting}.msiEndpoint is '${msiEndpoint}'; an address such as ${metadataEndpoint} is expected.`,
    )
  if (!msiClientId) return { endpoint, clientId: undefined }
  if (guid.test(msiClientId)) return { endpoint, clientId: msiClientId.toLowerCase() }
  const why = msiClientId.startsWith('/')
    ? 'that is the resource id of an identity; its client id is expected (az identity show --query clientId).'
    : 'the client id of an identity is expected, a GUID (az identity show --query clientId).'
  throw new SettingsFailure(`invalid ${setting}.msiClientId`, `${setting}.msiClientId is '${msiClientId}': ${why}`)
}
