import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SettingsFailure } from './failure.ts'
import { readSettings } from './read-settings.ts'
import type { ObservedCertificate } from './wish.ts'

const url = 'https://exampleVault.vault.azure.net/secrets/myCertificate'
const clientId = '00001111-aaaa-2222-bbbb-3333cccc4444'
const metadata = 'http://169.254.169.254/metadata/identity'
const anyIdentity = { endpoint: metadata, clientId: undefined }
const defaultStore = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store'
const secret = {
  text: url,
  origin: 'https://examplevault.vault.azure.net',
  vault: 'exampleVault',
  name: 'myCertificate',
  version: undefined,
}
const plain: ObservedCertificate = {
  ...{ url: secret, identity: anyIdentity, store: defaultStore, link: 'exampleVault.myCertificate' },
  ...{ readers: [], splitFiles: false, afterRenewal: undefined, verify: undefined },
}
const management = (more: object, certificates: unknown = [{ url }]) => ({
  secretsManagementSettings: { observedCertificates: certificates, ...more },
})
const withEntry = (more: object) => management({ aclEnabled: true }, [{ url, ...more }])
const at = 'secretsManagementSettings.observedCertificates[0]'

test('everything but the addresses has a default', () => {
  assert.deepEqual(readSettings(management({})), {
    ...{ pollingIntervalSec: 3600, requireInitialSync: false, certificates: [plain], logging: undefined, remarks: [] },
  })
})

test('the example of the template is read as it is printed', () => {
  const wish = readSettings({
    loggingSettings: {
      logger: 'fluentd',
      endpoint: 'tcp://localhost:24224',
      format: 'forward',
      servicename: 'akvvm_service',
    },
    secretsManagementSettings: {
      ...{ pollingIntervalInS: '3600', linkOnRenewal: false, requireInitialSync: true, aclEnabled: true },
      observedCertificates: [
        {
          url: 'https://myvault.vault.azure.net/secrets/mycertificate1',
          certificateStoreLocation: '/var/lib/waagent/Microsoft.Azure.KeyVault/app1',
          customSymbolicLinkName: 'app1Cert1',
          acls: [{ user: 'app1', group: 'appGroup1' }, { user: 'service1' }],
        },
        {
          url: 'https://myvault.vault.azure.net/secrets/mycertificate2',
          certificateStoreLocation: '/var/lib/waagent/Microsoft.Azure.KeyVault/app2',
          acls: [{ user: 'app2' }],
        },
      ],
    },
    authenticationSettings: { msiEndpoint: metadata, msiClientId: clientId },
  })
  const origin = 'https://myvault.vault.azure.net'
  const common = {
    identity: { endpoint: metadata, clientId },
    splitFiles: false,
    afterRenewal: undefined,
    verify: undefined,
  }
  assert.deepEqual(wish, {
    ...{ pollingIntervalSec: 3600, requireInitialSync: true, remarks: [] },
    logging: { endpoint: { host: 'localhost', port: 24224 }, tag: 'akvvm_service' },
    certificates: [
      {
        ...common,
        url: {
          text: `${origin}/secrets/mycertificate1`,
          origin,
          vault: 'myvault',
          name: 'mycertificate1',
          version: undefined,
        },
        ...{ store: '/var/lib/waagent/Microsoft.Azure.KeyVault/app1', link: 'app1Cert1' },
        readers: [
          { kind: 'user', name: 'app1' },
          { kind: 'group', name: 'appGroup1' },
          { kind: 'user', name: 'service1' },
        ],
      },
      {
        ...common,
        url: {
          text: `${origin}/secrets/mycertificate2`,
          origin,
          vault: 'myvault',
          name: 'mycertificate2',
          version: undefined,
        },
        ...{ store: '/var/lib/waagent/Microsoft.Azure.KeyVault/app2', link: 'myvault.mycertificate2' },
        readers: [{ kind: 'user', name: 'app2' }],
      },
    ],
  })
})

test('the example for PowerShell and the command line is read, with its long endpoint', () => {
  const store = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store'
  const wish = readSettings({
    secretsManagementSettings: {
      ...{ pollingIntervalInS: '3600', linkOnRenewal: true, aclEnabled: true },
      observedCertificates: [
        {
          url: 'https://examplekv.vault.azure.net/secrets/mycertificate1',
          ...{ certificateStoreLocation: store, acls: [{ user: 'app1', group: 'appGroup1' }, { user: 'service1' }] },
        },
        {
          url: 'https://examplekv.vault.azure.net/secrets/mycertificate2',
          certificateStoreLocation: store,
          acls: [{ user: 'app2' }],
        },
      ],
    },
    authenticationSettings: { msiEndpoint: `${metadata}/oauth2/token`, msiClientId: clientId },
  })
  assert.deepEqual(
    wish.certificates.map(({ identity, link, readers }) => [identity, link, readers.length]),
    [
      [{ endpoint: metadata, clientId }, 'examplekv.mycertificate1', 3],
      [{ endpoint: metadata, clientId }, 'examplekv.mycertificate2', 1],
    ],
  )
})

const accepted: [what: string, settings: unknown, expected: object][] = [
  ['an interval that is a number', management({ pollingIntervalInS: 30 }), { pollingIntervalSec: 30 }],
  [
    'yes and no as texts',
    management({ requireInitialSync: 'True', linkOnRenewal: 'false', aclEnabled: 'FALSE' }),
    { requireInitialSync: true },
  ],
  ['addresses alone, as in versions 1 and 2', management({}, [url]), { certificates: [plain] }],
  [
    'addresses and objects in one list',
    management({}, [url, { url, customSymbolicLinkName: 'other' }]),
    { certificates: [plain, { ...plain, link: 'other' }] },
  ],
  [
    'a store for all of them',
    management({ certificateStoreLocation: '/srv/certificates/' }),
    { certificates: [{ ...plain, store: '/srv/certificates' }] },
  ],
  ['readers that are switched off', management({}, [{ url, acls: [{ user: 'app1' }] }]), { certificates: [plain] }],
  [
    'readers as numbers',
    withEntry({ acls: [{ user: '1001', group: '2002' }] }),
    {
      certificates: [
        {
          ...plain,
          readers: [
            { kind: 'user', name: '1001' },
            { kind: 'group', name: '2002' },
          ],
        },
      ],
    },
  ],
  [
    'names that nobody knows',
    { ...management({ autoUpgradeMinorVersion: true, certificateStoreName: 'MY' }), more: 1 },
    { certificates: [plain] },
  ],
  [
    'parts that are null',
    { ...management({}), authenticationSettings: null, loggingSettings: null },
    { certificates: [plain] },
  ],
  [
    'the endpoint of Arc',
    { ...management({}), authenticationSettings: { msiEndpoint: 'http://localhost:40342/metadata/identity/' } },
    {
      certificates: [
        { ...plain, identity: { endpoint: 'http://localhost:40342/metadata/identity', clientId: undefined } },
      ],
    },
  ],
  [
    'an identity for one certificate',
    withEntry({ authenticationOverride: { msiClientId: clientId } }),
    { certificates: [{ ...plain, identity: { endpoint: metadata, clientId } }] },
  ],
  [
    'an address with a port and slashes',
    management({}, ['https://V.vault.azure.net:443//secrets/C/']),
    {
      certificates: [
        {
          ...plain,
          url: {
            ...{ text: 'https://V.vault.azure.net:443//secrets/C/', origin: 'https://v.vault.azure.net' },
            ...{ vault: 'V', name: 'C', version: undefined },
          },
          link: 'V.C',
        },
      ],
    },
  ],
  [
    'files that are split, a reload, and a look at what is served',
    withEntry({ splitFiles: true, afterRenewal: { reload: 'nginx.service' }, verify: { port: 443 } }),
    {
      certificates: [
        {
          ...plain,
          splitFiles: true,
          afterRenewal: { reload: 'nginx.service' },
          verify: { host: 'localhost', port: 443 },
        },
      ],
    },
  ],
  [
    'one command',
    withEntry({ afterRenewal: ['/usr/sbin/nginx', '-s', 'reload'] }),
    { certificates: [{ ...plain, afterRenewal: { commands: [['/usr/sbin/nginx', '-s', 'reload']] } }] },
  ],
  [
    'several commands',
    withEntry({ afterRenewal: [['/bin/a'], ['/bin/b', 'c']] }),
    { certificates: [{ ...plain, afterRenewal: { commands: [['/bin/a'], ['/bin/b', 'c']] } }] },
  ],
  [
    'a log to a socket',
    { ...management({}), loggingSettings: { endpoint: 'unix:///run/fluent.sock' } },
    { logging: { endpoint: { path: '/run/fluent.sock' }, tag: 'akvvm_service' } },
  ],
  [
    'one version, which will never be another',
    management({}, [`${url}/${'0A'.repeat(16)}`]),
    { remarks: [`${url}/${'0A'.repeat(16)} names a version: that one is installed and never renewed.`] },
  ],
]

for (const [what, settings, expected] of accepted)
  test(`taken: ${what}`, () => assert.partialDeepStrictEqual(readSettings(settings), expected))

const refused: [what: string, settings: unknown, reason: string, hint: RegExp][] = [
  [
    'a text, as PowerShell makes it',
    '{\\"secretsManagementSettings\\":{}}',
    'not an object',
    /text instead of an object.*@settings\.json/,
  ],
  ['a list', [], 'not an object', /whole of the settings is an array/],
  ['nothing', {}, 'not an object', /^secretsManagementSettings is missing; an object is expected/],
  [
    'a text in place of the management',
    { secretsManagementSettings: 'x' },
    'not an object',
    /secretsManagementSettings is a string/,
  ],
  ['the whole of the resource', { settings: management({}) }, 'not an object', /outer 'settings'/],
  [
    'certificates at the top',
    { observedCertificates: [url] },
    'not an object',
    /Move 'observedCertificates' into secretsManagementSettings/,
  ],
  [
    'the identity inside of the management',
    management({ authenticationSettings: { msiEndpoint: metadata } }),
    'misplaced authenticationSettings',
    /out of secretsManagementSettings/,
  ],
  ['no list of certificates', { secretsManagementSettings: {} }, 'not an array', /observedCertificates is missing/],
  [
    'an empty list',
    management({}, []),
    'invalid secretsManagementSettings.observedCertificates',
    /: it names no certificate; at least one is expected\.$/,
  ],
  ['a certificate that is a number', management({}, [5]), 'not an object', /observedCertificates\[0\] is a number/],
  [
    'an address that is a number',
    management({}, [{ url: 5 }]),
    'not a string',
    /observedCertificates\[0\]\.url is a number/,
  ],
  ['a certificate without an address', management({}, [{}]), 'not a string', /url is missing/],
  ['/certificates/', management({}, [url.replace('secrets', 'certificates')]), `invalid ${at}.url`, /use \/secrets\//],
  ['http', management({}, [url.replace('https', 'http')]), `invalid ${at}.url`, /of the form https/],
  ['a key', management({}, [url.replace('secrets', 'keys')]), `invalid ${at}.url`, /of the form https/],
  [
    'the example with its brackets',
    management({}, ['https://<examplekv>.vault.azure.net/secrets/mycertificate1']),
    `invalid ${at}.url`,
    /angle brackets/,
  ],
  [
    'a name that leads elsewhere',
    management({}, ['https://v.vault.azure.net/secrets/..%2f']),
    `invalid ${at}.url`,
    /of the form https/,
  ],
  [
    'an empty interval',
    management({ pollingIntervalInS: '' }),
    'invalid secretsManagementSettings.pollingIntervalInS',
    /is ''; a number/,
  ],
  [
    'an interval of words',
    management({ pollingIntervalInS: 'abc' }),
    'invalid secretsManagementSettings.pollingIntervalInS',
    /'abc'/,
  ],
  [
    'no time at all',
    management({ pollingIntervalInS: '0' }),
    'invalid secretsManagementSettings.pollingIntervalInS',
    /'0'/,
  ],
  [
    'a negative time',
    management({ pollingIntervalInS: -5 }),
    'invalid secretsManagementSettings.pollingIntervalInS',
    /'-5'/,
  ],
  [
    'an interval that is an object',
    management({ pollingIntervalInS: {} }),
    'not a string',
    /pollingIntervalInS is an object/,
  ],
  [
    'perhaps',
    management({ requireInitialSync: 'perhaps' }),
    'not a boolean',
    /requireInitialSync is a string; a boolean/,
  ],
  [
    'a store that is not absolute',
    withEntry({ certificateStoreLocation: 'store' }),
    `invalid ${at}.certificateStoreLocation`,
    /absolute path/,
  ],
  [
    'a store above another',
    withEntry({ certificateStoreLocation: '/a/../b' }),
    `invalid ${at}.certificateStoreLocation`,
    /without '\.\.'/,
  ],
  [
    'a link that is a path',
    withEntry({ customSymbolicLinkName: 'a/b' }),
    `invalid ${at}.customSymbolicLinkName`,
    /without '\/'/,
  ],
  [
    'a link called ..',
    withEntry({ customSymbolicLinkName: '..' }),
    `invalid ${at}.customSymbolicLinkName`,
    /name of a link/,
  ],
  [
    'a link without a name',
    withEntry({ customSymbolicLinkName: '.' }),
    `invalid ${at}.customSymbolicLinkName`,
    /name of a link/,
  ],
  [
    'a link that is too long',
    withEntry({ customSymbolicLinkName: 'x'.repeat(241) }),
    `invalid ${at}.customSymbolicLinkName`,
    /240 bytes/,
  ],
  ['readers that are a text', withEntry({ acls: 'app1' }), 'not an array', /acls is a string/],
  ['a reader without a name', withEntry({ acls: [{}] }), `invalid ${at}.acls[0]`, /neither a user nor a group/],
  ['a reader that is an option', withEntry({ acls: [{ user: '-x' }] }), `invalid ${at}.acls[0]`, /no name of a user/],
  ['two readers in one', withEntry({ acls: [{ user: 'a:rwx,u:b' }] }), `invalid ${at}.acls[0]`, /no name of a user/],
  ['two with one link', management({}, [url, url]), 'duplicate link', /another customSymbolicLinkName/],
  [
    'the resource id of an identity',
    { ...management({}), authenticationSettings: { msiEndpoint: metadata, msiClientId: '/subscriptions/s/x' } },
    'invalid authenticationSettings.msiClientId',
    /resource id of an identity; its client id/,
  ],
  [
    'the placeholder of the examples',
    {
      ...management({}),
      authenticationSettings: { msiEndpoint: metadata, msiClientId: 'xxxxxx-xxxx-xxxx-xxxx-xxxxxxxx' },
    },
    'invalid authenticationSettings.msiClientId',
    /a GUID/,
  ],
  [
    'an endpoint that is none',
    { ...management({}), authenticationSettings: { msiEndpoint: 'imds' } },
    'invalid authenticationSettings.msiEndpoint',
    /an address such as/,
  ],
  [
    'an identity that is a text',
    { ...management({}), authenticationSettings: 'msi' },
    'not an object',
    /authenticationSettings is a string/,
  ],
  [
    'another logger',
    { ...management({}), loggingSettings: { logger: 'syslog', endpoint: 'tcp://a:1' } },
    'invalid loggingSettings.logger',
    /only 'fluentd'/,
  ],
  [
    'a log to nowhere',
    { ...management({}), loggingSettings: { endpoint: 'http://a' } },
    'invalid loggingSettings.endpoint',
    /tcp:\/\//,
  ],
  [
    'a reload of something else',
    withEntry({ afterRenewal: { reload: 'nginx' } }),
    `invalid ${at}.afterRenewal.reload`,
    /with its ending/,
  ],
  [
    'a command that is a text',
    withEntry({ afterRenewal: 'nginx -s reload' }),
    `invalid ${at}.afterRenewal`,
    /list of words/,
  ],
  ['a command without a path', withEntry({ afterRenewal: ['nginx'] }), `invalid ${at}.afterRenewal`, /absolute path/],
  [
    'a port that is none',
    withEntry({ verify: { port: 0 } }),
    `invalid ${at}.verify.port`,
    /: a number from 1 to 65535 is expected\.$/,
  ],
]

for (const [what, settings, reason, hint] of refused)
  test(`refused with its own words: ${what}`, () => {
    assert.throws(
      () => readSettings(settings),
      (error: unknown) => {
        assert.ok(error instanceof SettingsFailure, String(error))
        assert.equal(error.reason, reason)
        assert.match(error.hint, hint)
        assert.equal(error.message, `Failed to parse the configuration settings with: '${reason}'. ${error.hint}`)
        return true
      },
    )
  })

test('what a template leaves open with null or an empty text is as if it were not there', () => {
  const url = 'https://kv1.vault.azure.net/secrets/c'
  const open = {
    ...{ pollingIntervalInS: null, requireInitialSync: null, aclEnabled: 'true' },
    ...{ certificateStoreLocation: null, certificateStoreName: null },
  }
  const entry = { url, certificateStoreLocation: '', customSymbolicLinkName: '', acls: [{ user: 'app1', group: '' }] }
  const { certificates, pollingIntervalSec, requireInitialSync } = readSettings({
    ...management(open, [entry, { ...entry, customSymbolicLinkName: 'b', acls: [{ user: null, group: 'web' }] }]),
    loggingSettings: { logger: null, endpoint: 'tcp://localhost:24224', format: '', servicename: '' },
  })
  assert.deepEqual([pollingIntervalSec, requireInitialSync], [3600, false])
  assert.deepEqual(
    certificates.map(({ link, store, readers }) => [link, store, readers]),
    [
      ['kv1.c', '/var/lib/waagent/Microsoft.Azure.KeyVault.Store', [{ kind: 'user', name: 'app1' }]],
      ['b', '/var/lib/waagent/Microsoft.Azure.KeyVault.Store', [{ kind: 'group', name: 'web' }]],
    ],
  )
  assert.deepEqual(
    readSettings(management({ aclEnabled: null, certificateStoreLocation: '' })).certificates[0]?.readers,
    [],
  )
})

test('the texts that people search for are those of Azure', () => {
  const of = (settings: unknown) => {
    try {
      readSettings(settings)
    } catch (error) {
      if (error instanceof SettingsFailure) return [error.message, error.logged]
    }
    return []
  }
  const [status = '', log = ''] = of('text')
  assert.ok(status.startsWith("Failed to parse the configuration settings with: 'not an object'"), status)
  assert.ok(log.startsWith('Failed to parse the configuration settings with:not an object.'), log)
  assert.ok(
    of(management({}, [{ url: 5 }]))[0]?.startsWith("Failed to parse the configuration settings with: 'not a string'"),
  )
})
