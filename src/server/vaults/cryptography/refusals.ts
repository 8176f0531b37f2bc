import { AzureError } from '../../errors.ts'

// Texts in quotation marks of users' reports are Azure's to the letter; where nobody has reported one, the text follows
// the pattern of its neighbours and says what is wrong.

const badParameter = (message: string, inner?: string) =>
  new AzureError(400, 'BadParameter', message, inner === undefined ? {} : { extra: { innererror: { code: inner } } })

/** What Windows says of data that cannot be decrypted, and Key Vault hands on, line end and all. */
export const incorrectParameter = () => badParameter('The parameter is incorrect.\r\n')

export const unsupportedAlgorithm = (alg: string) => badParameter(`Unsupported algorithm: ${alg.slice(0, 64)}`)

export const algorithmOfOtherType = (kid: string, kty: string, alg: string, allowed: string) =>
  badParameter(
    `Key and ${isSignature(alg) ? 'signing' : 'encryption'} algorithm are incompatible. Key ${kid} is of type '${kty}', and algorithm '${alg}' can only be used with a key of type '${allowed}' or '${allowed}-HSM'.`,
  )

export const algorithmOfOtherCurve = (kid: string, curve: string, alg: string, allowed: string) =>
  badParameter(
    `Key and signing algorithm are incompatible. Key ${kid} uses curve '${curve}', and algorithm '${alg}' can only be used with curve '${allowed}'.`,
  )

export const algorithmOfOtherSize = (kid: string, size: number, alg: string, allowed: number) =>
  badParameter(
    `Key and encryption algorithm are incompatible. Key ${kid} has ${size} bits, and algorithm '${alg}' can only be used with a key of ${allowed} bits.`,
  )

export const lengthOfValue = (property: string, length: number, alg: string, required: string) =>
  badParameter(
    `Invalid length of '${property}': ${length} bytes. '${alg}' requires ${required}, encoded with base64url.`,
  )

export const invalidProperty = (property: string) => badParameter(`Property ${property} has invalid value\r\n`)

export const unsupportedKeyType = (kty: string) =>
  badParameter(`Invalid kty value: ${kty.slice(0, 64)}`, 'KeyTypeNotSupported')

export const unsupportedKeySize = (size: number, sizes: readonly number[]) =>
  badParameter(`Unsupported key size (${size}). Supported sizes are [${sizes.join(', ')}]`)

const isSignature = (alg: string) => /^[RPE]S\d/.test(alg)
