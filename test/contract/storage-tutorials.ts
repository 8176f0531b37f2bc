/**
 * "Use a Linux VM system-assigned managed identity to access Azure Storage", "… via a SAS credential" and "… via access
 * key", letter for letter. What they do in the portal, the administrator does by the same requests as the portal.
 */

import assert from 'node:assert/strict'
import type { Lazuli } from '../start.ts'
import { assignRole, newGroup, newMachine } from './arrange.ts'
import { claimsOf, type Shell } from './curl.ts'
import { blobRoles, newAccount, newContainer } from './storage.ts'

type Typed = { readonly lazuli: Lazuli; readonly sshKey?: string | undefined; shellOf(machine: string): Shell }
/** Where the commands of az are typed, when there is an az. */
type WithAz = Typed & { readonly azOf?: (machine: string) => Promise<Shell> | Shell }

const storageToken = `curl 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F' -H Metadata:true`
const armToken = `curl 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F' -H Metadata:true`
const blob = `curl https://<STORAGE ACCOUNT>.blob.core.windows.net/<CONTAINER NAME>/<FILE NAME> -H "x-ms-version: 2017-11-09" -H "Authorization: Bearer <ACCESS TOKEN>"`
const inTwoCommands = `# Run the first curl command and capture its output in a variable
access_token=$(curl 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F' -H Metadata:true | jq -r '.access_token')

# Run the second curl command with the access token
curl "https://<STORAGE ACCOUNT>.blob.core.windows.net/<CONTAINER NAME>/<FILE NAME>" \\
  -H "x-ms-version: 2017-11-09" \\
  -H "Authorization: Bearer $access_token"`
const serviceSas = `curl https://management.azure.com/subscriptions/<SUBSCRIPTION ID>/resourceGroups/<RESOURCE GROUP>/providers/Microsoft.Storage/storageAccounts/<STORAGE ACCOUNT NAME>/listServiceSas/?api-version=2017-06-01 -X POST -d "{\\"canonicalizedResource\\":\\"/blob/<STORAGE ACCOUNT NAME>/<CONTAINER NAME>\\",\\"signedResource\\":\\"c\\",\\"signedPermission\\":\\"rcw\\",\\"signedProtocol\\":\\"https\\",\\"signedExpiry\\":\\"<EXPIRATION TIME>\\"}" -H "Authorization: Bearer <ACCESS TOKEN>"`
const keys = `curl https://management.azure.com/subscriptions/<SUBSCRIPTION ID>/resourceGroups/<RESOURCE GROUP>/providers/Microsoft.Storage/storageAccounts/<STORAGE ACCOUNT NAME>/listKeys?api-version=2016-12-01 --request POST -d "" -H "Authorization: Bearer <ACCESS TOKEN>"`
const testFile = 'echo "This is a test file." > test.txt'

/** With a token, a role and curl. */
export async function storageTutorial({ lazuli, sshKey, shellOf }: Typed): Promise<void> {
  const group = await newGroup(lazuli)
  const account = await newAccount(lazuli, group)
  await newContainer(lazuli, account, 'container1')
  await assignRole(lazuli, account.id, String(claimsOf(await lazuli.token()).oid), blobRoles.contributor)
  const upload = await lazuli.exec(
    [
      ...['curl', '--silent', '--show-error', '--fail', '--request', 'PUT', '--data-raw', 'Hello world! :)'],
      ...['--header', `authorization: Bearer ${await lazuli.token('https://storage.azure.com')}`],
      ...['--header', 'x-ms-version: 2021-06-08', '--header', 'x-ms-blob-type: BlockBlob'],
      `https://${account.name}.blob.core.windows.net/container1/hello%20world.txt`,
    ],
    {},
  )
  assert.equal(upload.exitCode, 0, upload.stderr)

  const machine = await newMachine(lazuli, group, { identity: { type: 'SystemAssigned' }, sshKey })
  const run = shellOf(machine.name)
  const { access_token } = JSON.parse(await run(storageToken))
  assert.equal(claimsOf(access_token).aud, 'https://storage.azure.com/')
  const words = {
    'STORAGE ACCOUNT': account.name,
    'CONTAINER NAME': 'container1',
    'FILE NAME': 'hello%20world.txt',
    'ACCESS TOKEN': access_token,
  }
  assert.match(await run(blob, words), /<Code>AuthorizationPermissionMismatch<\/Code>/)
  await assignRole(lazuli, group, machine.identity.principalId ?? '', blobRoles.reader)
  assert.equal(await run(blob, words), 'Hello world! :)')
  if ((await run('command -v jq || true')) !== '') assert.equal(await run(inTwoCommands, words), 'Hello world! :)')
}

/** With a signature that the resource manager makes. */
export async function sasTutorial({ lazuli, sshKey, shellOf, azOf }: WithAz): Promise<void> {
  const { account, words, run, machine } = await credentialTutorial({ lazuli, sshKey, shellOf })
  const later = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z')
  const more = { ...words, 'EXPIRATION TIME': later }
  assert.equal(JSON.parse(await run(serviceSas, more)).error.code, 'AuthorizationFailed')
  await assignRole(lazuli, words.group, machine.identity.principalId ?? '', blobRoles.accountContributor)
  const answer = await run(serviceSas, more)
  const encodedTime = '\\d{4}-\\d\\d-\\d\\dT\\d\\d%3A\\d\\d%3A\\d\\dZ'
  assert.match(
    answer,
    new RegExp(
      `^{"serviceSasToken":"sv=2015-04-05&sr=c&spr=https&st=${encodedTime}&se=${encodeURIComponent(later)}&sp=rcw&sig=[\\w%]+"}$`,
    ),
  )
  const { serviceSasToken } = JSON.parse(answer)
  const az = await azOf?.(machine.name)
  if (!az) return
  const at = `--container-name container1 --name testblob --account-name ${account.name} --sas-token "${serviceSasToken}"`
  await uploadAndDownload(az, at)
}

/** With a key that the resource manager tells. */
export async function keyTutorial({ lazuli, sshKey, shellOf, azOf }: WithAz): Promise<void> {
  const { account, words, run, machine } = await credentialTutorial({ lazuli, sshKey, shellOf })
  assert.equal(JSON.parse(await run(keys, words)).error.code, 'AuthorizationFailed')
  await assignRole(lazuli, words.group, machine.identity.principalId ?? '', blobRoles.accountContributor)
  const answer = await run(keys, words)
  const [key1 = '', key2 = ''] = await account.keys()
  assert.equal(
    answer,
    `{"keys":[{"keyName":"key1","permissions":"Full","value":"${key1}"},{"keyName":"key2","permissions":"Full","value":"${key2}"}]}`,
  )
  const az = await azOf?.(machine.name)
  if (!az) return
  await uploadAndDownload(az, `-c container1 -n testblob --account-name ${account.name} --account-key ${key1}`)
}

async function credentialTutorial({ lazuli, sshKey, shellOf }: Typed) {
  const group = await newGroup(lazuli)
  const account = await newAccount(lazuli, group)
  await newContainer(lazuli, account, 'container1')
  const machine = await newMachine(lazuli, group, { identity: { type: 'SystemAssigned' }, sshKey })
  const run = shellOf(machine.name)
  const { access_token } = JSON.parse(await run(armToken))
  const words = {
    group,
    'SUBSCRIPTION ID': lazuli.env.subscriptionId,
    'RESOURCE GROUP': group.split('/').at(-1) ?? '',
    'STORAGE ACCOUNT NAME': account.name,
    'CONTAINER NAME': 'container1',
    'ACCESS TOKEN': access_token,
  }
  return { account, machine, run, words }
}

async function uploadAndDownload(az: Shell, at: string): Promise<void> {
  const inFolder = (command: string) => `cd "$HOME" && ${command}`
  const uploaded = JSON.parse(await az(inFolder(`${testFile} && az storage blob upload ${at} --file test.txt`)))
  assert.match(uploaded.etag, /^"0x[0-9A-F]{15}"$/)
  assert.match(uploaded.lastModified, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/)
  const downloaded = JSON.parse(await az(inFolder(`az storage blob download ${at} --file test-download.txt`)))
  // The tutorial's az told the range that it got; today's tells the one that it was asked for, which is none.
  assert.match(downloaded.properties.contentRange, /^bytes (0-20|None-None)\/21$/)
  assert.partialDeepStrictEqual(downloaded, {
    metadata: {},
    name: 'testblob',
    properties: {
      appendBlobCommittedBlockCount: null,
      blobType: 'BlockBlob',
      contentLength: 21,
      contentSettings: {
        cacheControl: null,
        contentDisposition: null,
        contentEncoding: null,
        contentLanguage: null,
        contentMd5: 'LSghAvpnElYyfUdn7CO8aw==',
        contentType: 'text/plain',
      },
      copy: { completionTime: null, id: null, progress: null, source: null, status: null, statusDescription: null },
      etag: uploaded.etag,
      lastModified: uploaded.lastModified,
      lease: { duration: null, state: 'available', status: 'unlocked' },
      pageBlobSequenceNumber: null,
    },
    snapshot: null,
  })
  assert.equal(await az(inFolder('cat test-download.txt')), 'This is a test file.\n')
}
