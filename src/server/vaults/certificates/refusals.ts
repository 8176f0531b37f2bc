import { AzureError } from '../../errors.ts'
import { badParameter } from '../refusals.ts'

// Texts are those of recorded answers and of Azure's documentation, where there are any.

export const pendingInProgress = () =>
  new AzureError(
    409,
    'Conflict',
    "A new key vault certificate can not be created or imported while a pending key vault certificate's status is inProgress.",
  )

export const pendingNotFound = (name: string) =>
  new AzureError(404, 'PendingCertificateNotFound', `Pending certificate not found: ${name}`)

export const notInProgress = () =>
  badParameter('The pending certificate is not in progress: there is nothing to be cancelled.')

export const mergeForbidden = (issuer: string) =>
  new AzureError(
    403,
    'Forbidden',
    `Merge is forbidden on pending object created with issuer : ${issuer} while it is in progess.`,
  )

export const keyMismatch = () =>
  badParameter(
    'The public key of the end-entity certificate in the specified X.509 certificate content does not match the public part of the specified private key. Please check if certificate is valid.',
  )

export const policyRequired = () =>
  badParameter('Property policy is required for a certificate that does not exist yet.')

export const policyNotFound = (name: string) =>
  new AzureError(404, 'CertificatePolicyNotFound', `Policy not found: ${name}`)

export const contactsNotFound = () => new AzureError(404, 'ContactsNotFound', 'Contacts not found')

export const issuerNotFound = (name: string) =>
  new AzureError(404, 'CertificateIssuerNotFound', `Issuer not found: ${name}`)

export const unknownIssuer = (name: string) =>
  badParameter(`Property policy.issuer.name has invalid value: the vault has no issuer named ${name.slice(0, 128)}.`)

export const issuerDisabled = (name: string) =>
  badParameter(`Property policy.issuer.name has invalid value: the issuer ${name} is disabled.`)

export const issuerIsBuiltIn = (name: string) =>
  badParameter(`The issuer ${name} is built in and cannot be changed or deleted.`)

export const noPrivateKey = () =>
  badParameter(
    'Private key is not specified in the specified X.509 PEM certificate content. Please specify private key in the X.509 PEM certificate content.',
  )

export const unreadableCertificate = (why: string) =>
  badParameter(
    `We could not parse the provided certificate as .pem or .pfx. Please verify the certificate with OpenSSL. ${why}.`,
  )

export const unreadablePfx = (why: string) =>
  badParameter(
    `The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 format. ${why}.`,
  )

export const wrongPassword = () =>
  badParameter('The specified password is not correct, or the PKCS#12 X.509 certificate content is damaged.')

export const expiredCertificate = () =>
  badParameter('The specified X.509 certificate content has expired: its end-entity certificate is no longer valid.')

export const unsupportedKey = () =>
  badParameter(
    'The key of the specified X.509 certificate is not supported. RSA keys of 2048, 3072 and 4096 bits and keys on P-256, P-384, P-521 and P-256K are.',
  )
