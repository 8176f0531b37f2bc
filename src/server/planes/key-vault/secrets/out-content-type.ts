import { BundleFailure } from '../../../../certificate-bundle/failure.ts'
import type { FoundVersion } from '../../../store/vault-objects.ts'
import { inPem } from '../../../vaults/certificates/content.ts'
import { contentTypes } from '../../../vaults/certificates/policy.ts'
import { badParameter } from '../../../vaults/refusals.ts'
import { isAtLeast } from '../api-version.ts'
import type { VaultContext } from '../vault-operation.ts'
import type { SecretBody } from './secret.ts'

/** Versions before this one do not know the parameter, and let it be. */
const since = '2025-06-01'

/** What the answer is to be in, where the client says so: `outContentType`. */
export function wantedContentType({ url, apiVersion }: Pick<VaultContext, 'url' | 'apiVersion'>): string | undefined {
  const asked = url.searchParams.get('outContentType')
  return asked === null || asked === '' || !isAtLeast(apiVersion, since) ? undefined : asked
}

/**
 * A secret in the content type that is wanted. PKCS #12 is converted to PEM and nothing to anything else, as on Azure.
 * Throws 400.
 */
export async function converted(
  cx: Pick<VaultContext, 'vault' | 'pfxTurns'>,
  { object, version }: FoundVersion,
  value: string,
  wanted: string,
): Promise<{ value: string; contentType: string }> {
  const { contentType = '' } = version.body as SecretBody
  const [from, to] = [contentType.toLowerCase(), wanted.toLowerCase()]
  if (from === to) return { value, contentType }
  if (from !== contentTypes.pfx || to !== contentTypes.pem) throw unsupported(contentType, wanted)
  try {
    const readPfx = cx.pfxTurns.of(cx.vault)
    return { value: await inPem(value, readPfx, { isCertificates: object.managed }), contentType: contentTypes.pem }
  } catch (error) {
    if (error instanceof BundleFailure) throw unreadable(error)
    throw error
  }
}

const unsupported = (from: string, to: string) =>
  badParameter(
    `Parameter outContentType has invalid value: the content type '${from}' cannot be converted to '${to.slice(0, 255)}'. Only ${contentTypes.pfx} can be, to ${contentTypes.pem}.`,
  )

const unreadable = (failure: BundleFailure) =>
  badParameter(`The secret cannot be converted to ${contentTypes.pem}. ${failure.message}.`, { cause: failure })
