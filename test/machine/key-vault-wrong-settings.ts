/** Settings of the Key Vault extension as people get them wrong, and what they are told. */

type Settings = { readonly secretsManagementSettings: object }

export type WrongSettings = {
  readonly settings: unknown
  /** In the words of Azure's extension. */
  readonly reason: string
  readonly hint: RegExp
}

/** As many as there are logs kept of the runs that they make. */
export function wrongSettings(right: Settings): readonly WrongSettings[] {
  const management = right.secretsManagementSettings
  const changed = (more: object) => ({ secretsManagementSettings: { ...management, ...more } })
  const url = 'https://exampleVault.vault.azure.net/certificates/myCertificate'
  const identity = { msiEndpoint: 'http://169.254.169.254/metadata/identity' }
  const at = 'secretsManagementSettings'
  return [
    // What PowerShell and shells make of quotation marks.
    { settings: JSON.stringify(right), reason: 'not an object', hint: /are a text instead of an object/ },
    { settings: at, reason: 'not an object', hint: /are a text instead of an object/ },
    { settings: { settings: right }, reason: 'not an object', hint: /Leave out the outer 'settings'/ },
    { settings: management, reason: 'not an object', hint: /Move '\w+' into secretsManagementSettings/ },
    {
      settings: { [at]: JSON.stringify(management) },
      reason: 'not an object',
      hint: /secretsManagementSettings is a string/,
    },
    {
      settings: changed({ authenticationSettings: identity }),
      reason: 'misplaced authenticationSettings',
      hint: /out of secretsManagementSettings/,
    },
    {
      settings: changed({ observedCertificates: [{ url: { name: 'x' } }] }),
      reason: 'not a string',
      hint: /observedCertificates\[0\]\.url is an object/,
    },
    {
      settings: changed({ observedCertificates: [{ url }] }),
      reason: `invalid ${at}.observedCertificates[0].url`,
      hint: /use \/secrets\//,
    },
    {
      settings: changed({ pollingIntervalInS: '' }),
      reason: `invalid ${at}.pollingIntervalInS`,
      hint: /a number of seconds such as "3600"/,
    },
    {
      settings: { ...right, authenticationSettings: { msiClientId: '/subscriptions/s/resourceGroups/g' } },
      reason: 'invalid authenticationSettings.msiClientId',
      hint: /the resource id of an identity/,
    },
  ]
}
