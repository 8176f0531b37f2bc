import { AzureError } from '../../errors.ts'

/**
 * What Data Lake Store says no with: a Java exception, by which clients know what happened, and an error of its own. The
 * message is completed with the operation's name and the request's id where the answer is rendered.
 */
export type RemoteException = { readonly javaClass: string; readonly hex: string }

const hadoopAccess = 'org.apache.hadoop.security.AccessControlException'
const hadoopExists = 'org.apache.hadoop.fs.FileAlreadyExistsException'

function refusal(status: number, javaClass: string, hex: string, message: string): AzureError {
  const exception: RemoteException = { javaClass, hex }
  return new AzureError(status, javaClass.slice(javaClass.lastIndexOf('.') + 1), message, { extra: { ...exception } })
}

/** Said before it is said whether the thing exists. */
export const accessDenied = () =>
  refusal(
    403,
    hadoopAccess,
    '0x83090aa2',
    'Forbidden. ACL verification failed. Either the resource does not exist or the user is not authorized to perform the requested operation.',
  )

export const addressDenied = (address: string) =>
  refusal(403, hadoopAccess, '0x83090aa3', `Forbidden. The client address ${address} is not allowed by the firewall.`)

export const notFound = () =>
  refusal(404, 'java.io.FileNotFoundException', '0x8309000a', 'File or directory does not exist.')

export const accountNotFound = (name: string) =>
  refusal(404, 'java.io.FileNotFoundException', '0x83090001', `The account '${name}' does not exist.`)

export const alreadyExists = () =>
  refusal(403, hadoopExists, '0x83090004', 'A file or directory of this name exists already.')

export const notAFolder = () => refusal(403, hadoopExists, '0x83090005', 'A part of the path is a file.')

export const notAFile = () => refusal(403, 'java.io.IOException', '0x83090006', 'The path is that of a directory.')

export const notEmpty = () => refusal(403, 'java.io.IOException', '0x83090007', 'The directory is not empty.')

export const leasedToSomebodyElse = () =>
  refusal(403, 'java.io.IOException', '0x83090008', 'The file is being written under another lease.')

export const badOffset = (offset: number, length: number) =>
  refusal(
    400,
    'org.apache.hadoop.fs.adl.BadOffsetException',
    '0x83090015',
    `The offset ${offset} does not fit the file, which has ${length} bytes.`,
  )

export const illegalArgument = (what: string) => refusal(400, 'java.lang.IllegalArgumentException', '0x83090014', what)

export const unsupported = (operation: string) =>
  refusal(
    400,
    'java.lang.UnsupportedOperationException',
    '0x83090013',
    operation === '' ? 'The parameter op is missing.' : `The operation '${operation}' is not supported.`,
  )

export const signInRefused = (why: string, challenge: string) =>
  new AzureError(401, 'SecurityException', why, {
    headers: { 'WWW-Authenticate': challenge },
    extra: { javaClass: 'java.lang.SecurityException', hex: '0x83090a01' },
  })
