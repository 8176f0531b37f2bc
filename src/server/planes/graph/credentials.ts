import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { readCertificate, thumbprint } from '../../directory/credentials.ts'
import type { Credential } from '../../store/principals.ts'
import { checked, dateTime } from './checked.ts'
import { invalidValue } from './refusals.ts'

const farAway = 32_503_679_999_000

/** What can be shown of a client secret: anything but the secret. */
export const passwordCredentialShape = (credential: Credential): Record<string, unknown> => ({
  customKeyIdentifier: null,
  displayName: credential.displayName ?? null,
  endDateTime: dateTime(credential.expiresAt ?? farAway),
  hint: credential.hint ?? null,
  keyId: credential.id,
  secretText: null,
  startDateTime: dateTime(credential.startsAt ?? 0),
})

export const keyCredentialShape = (credential: Credential): Record<string, unknown> => ({
  customKeyIdentifier: thumbprint(credential.verifier, 'sha1').toString('hex').toUpperCase(),
  displayName: credential.displayName ?? null,
  endDateTime: dateTime(credential.expiresAt ?? farAway),
  key: null,
  keyId: credential.id,
  startDateTime: dateTime(credential.startsAt ?? 0),
  type: 'AsymmetricX509Cert',
  usage: 'Verify',
})

const instant = z.iso.datetime({ offset: true }).transform(text => Date.parse(text))

export const validity = {
  startDateTime: instant.nullish(),
  endDateTime: instant.nullish(),
}

const keyCredential = z.looseObject({
  ...validity,
  key: z.string().nullish(),
  keyId: z.guid().nullish(),
  displayName: z.string().nullish(),
})

/** Just those that a request leaves: the array it sends replaces the one there is. */
export type WantedKeys = { readonly kept: readonly string[]; readonly added: readonly Credential[] }

/** Throws 400 for a certificate that is none, or is not about an RSA key. */
export function readKeyCredentials(value: unknown, objectId: string): WantedKeys {
  const wanted = checked(z.array(keyCredential), value)
  const kept = wanted.filter(({ key }) => !key).map(({ keyId }) => keyId ?? '')
  const added = wanted
    .filter(({ key }) => key)
    .map(({ key, keyId, displayName, startDateTime, endDateTime }) => {
      const read = readCertificate(key ?? '')
      if (read?.certificate.publicKey.asymmetricKeyType !== 'rsa') throw invalidValue('keyCredentials.key')
      const { certificate, verifier } = read
      const { subject, validFromDate, validToDate } = certificate
      return {
        id: keyId ?? randomUUID(),
        objectId,
        kind: 'certificate' as const,
        verifier,
        displayName: displayName ?? subject.replaceAll('\n', ', '),
        startsAt: Math.max(startDateTime ?? 0, validFromDate.getTime()),
        expiresAt: Math.min(endDateTime ?? farAway, validToDate.getTime()),
        hint: thumbprint(verifier, 'sha1').toString('hex').toUpperCase(),
      }
    })
  return { kept, added }
}
