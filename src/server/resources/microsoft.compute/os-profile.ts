import * as z from 'zod'
import { parsePublicKey } from '../../ssh/public-key.ts'
import { invalidParameter, missingParameter } from './refusals.ts'

const linuxConfiguration = z.looseObject({
  disablePasswordAuthentication: z.boolean().optional(),
  ssh: z
    .looseObject({
      publicKeys: z.array(z.looseObject({ path: z.string().optional(), keyData: z.string().optional() })).optional(),
    })
    .optional(),
})

export const osProfile = z.looseObject({
  computerName: z.string().optional(),
  adminUsername: z.string().optional(),
  adminPassword: z.string().optional(),
  customData: z.string().optional(),
  linuxConfiguration: linuxConfiguration.optional(),
})
export type OsProfile = z.infer<typeof osProfile>

export type SshPublicKeyWish = { path?: string | undefined; keyData?: string | undefined }

/**
 * Checks who may sign in to a new machine and by what means. Throws 400 in Azure's words, which clients and templates
 * match on. The limits are those that the API reference gives for Linux.
 */
export function checkOsProfile(profile: OsProfile, machineName: string): void {
  const { computerName = machineName, adminUsername, adminPassword, customData } = profile
  if (!isHostName(computerName)) throw invalidParameter('computerName', hostNameRule)
  if (!adminUsername) throw missingParameter('adminUsername')
  if (!isAllowedUser(adminUsername)) {
    throw invalidParameter('adminUsername', 'The Admin Username specified is not allowed.')
  }
  const { disablePasswordAuthentication = false, ssh } = profile.linuxConfiguration ?? {}
  const keys = ssh?.publicKeys ?? []
  if (disablePasswordAuthentication && keys.length === 0) throw authenticationRequired()
  if (!disablePasswordAuthentication && !adminPassword) throw missingParameter('adminPassword')
  if (adminPassword) checkPassword(adminPassword)
  for (const key of keys) checkKey(key, adminUsername)
  if (customData !== undefined && !isShortBase64(customData)) {
    throw invalidParameter(
      'customData',
      `Custom data in OSProfile must be in Base64 encoding and with a maximum length of ${longestBase64} characters.`,
    )
  }
}

/** RSA with at least 2048 bits, and Ed25519: Azure takes no other kind. */
export function isSupportedKey(text: string): boolean {
  const key = parsePublicKey(text)
  return key?.type === 'ssh-ed25519' || (key?.type === 'ssh-rsa' && (key.bits ?? 0) >= 2048)
}

/** What Azure takes of custom data and user data: 64 KiB before it is encoded. */
const longestBase64 = 87_380

export const isShortBase64 = (text: string): boolean =>
  text.length <= longestBase64 && /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(text)

const hostNameRule =
  'Linux host name cannot exceed 64 characters in length or contain the following characters: ` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ | ; : \' " , < > / ?.'

// Azure names only the characters it forbids; a name that begins with a hyphen or a period is no host name anywhere.
const isHostName = (name: string) => name.length <= 64 && /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(name)

const reservedUsers = new Set(
  (
    'administrator admin user user1 test user2 test1 user3 admin1 1 123 a actuser adm admin2 aspnet backup console ' +
    'david guest john owner root server sql support support_388945a0 sys test2 test3 user4 user5'
  ).split(' '),
)

// useradd takes no more than 32 characters, and sudoers files none that it could read as its own syntax.
const isAllowedUser = (name: string) =>
  /^[a-z_][a-z\d_.-]{0,31}$/i.test(name) && !name.endsWith('.') && !reservedUsers.has(name.toLowerCase())

const tooCommonPasswords = new Set([
  'abc@123',
  'P@$$w0rd',
  'P@ssw0rd',
  'P@ssword123',
  'Pa$$word',
  'pass@word1',
  'Password!',
  'Password1',
  'Password22',
  'iloveyou!',
])

function checkPassword(password: string): void {
  const kinds = [/[A-Z]/, /[a-z]/, /\d/, /[^A-Za-z\d]/].filter(kind => kind.test(password)).length
  const hasControl = /\p{Cc}/u.test(password)
  if (password.length < 6 || password.length > 72 || kinds < 3 || hasControl) {
    throw invalidParameter(
      'adminPassword',
      'The supplied password must be between 6-72 characters long and must satisfy at least 3 of password complexity requirements from the following:\r\n1) Contains an uppercase character\r\n2) Contains a lowercase character\r\n3) Contains a numeric digit\r\n4) Contains a special character\r\n5) Control characters are not allowed',
    )
  }
  if (tooCommonPasswords.has(password)) {
    throw invalidParameter('adminPassword', 'The Admin password specified is not allowed.')
  }
}

function checkKey({ path, keyData }: SshPublicKeyWish, user: string): void {
  const only = `/home/${user}/.ssh/authorized_keys`
  if (path !== undefined && path !== only) {
    throw invalidParameter(
      'linuxConfiguration.ssh.publicKeys.path',
      // The two blanks are Azure's.
      `Destination path for SSH public keys is currently limited to its default value ${only}  due to a known issue in Linux provisioning agent.`,
    )
  }
  if (!isSupportedKey(keyData ?? '')) throw invalidParameter('linuxConfiguration.ssh.publicKeys.keyData')
}

const authenticationRequired = () =>
  invalidParameter(
    'linuxConfiguration',
    'Authentication using either SSH or by user name and password must be enabled in Linux profile.',
  )
