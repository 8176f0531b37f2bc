/**
 * "Use a Linux VM system-assigned managed identity to access Azure Data Lake Store", letter for letter. What it does in
 * the portal, the administrator does by the same requests as the portal.
 */

import assert from 'node:assert/strict'
import type { Lazuli } from '../start.ts'
import { expect, newGroup, newMachine } from './arrange.ts'
import { claimsOf, type Shell } from './curl.ts'
import { newLake } from './data-lake.ts'

type Typed = { readonly lazuli: Lazuli; readonly sshKey?: string; shellOf(machine: string): Shell }

const token = `curl 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fdatalake.azure.net%2F' -H Metadata:true`
const list = `curl https://<YOUR_ADLS_NAME>.azuredatalakestore.net/webhdfs/v1/?op=LISTSTATUS -H "Authorization: Bearer <ACCESS_TOKEN>"`
const makeFile = 'echo "Test file." > Test1.txt'
const upload = `curl -i -X PUT -L -T Test1.txt -H "Authorization: Bearer <ACCESS_TOKEN>" 'https://<YOUR_ADLS_NAME>.azuredatalakestore.net/webhdfs/v1/<FOLDER_NAME>/Test1.txt?op=CREATE'`
const download = `curl https://<YOUR_ADLS_NAME>.azuredatalakestore.net/webhdfs/v1/<FOLDER_NAME>/Test1.txt?op=OPEN -L -H "Authorization: Bearer <ACCESS_TOKEN>"`

export async function dataLakeTutorial({ lazuli, sshKey, shellOf }: Typed): Promise<void> {
  const group = await newGroup(lazuli)
  const lake = await newLake(lazuli, group)
  const machine = await newMachine(lazuli, group, { identity: { type: 'SystemAssigned' }, sshKey })
  const objectId = machine.identity.principalId ?? ''
  const run = shellOf(machine.name)
  const grant = async (path: string, spec: string) =>
    expect(200, lake.ask('PUT', path, `MODIFYACLENTRIES&aclspec=${spec}`))

  const { access_token, ...answer } = JSON.parse(await run(token))
  assert.partialDeepStrictEqual(answer, {
    refresh_token: '',
    resource: 'https://datalake.azure.net/',
    token_type: 'Bearer',
  })
  assert.equal(claimsOf(access_token).aud, 'https://datalake.azure.net/')
  const words = { YOUR_ADLS_NAME: lake.name, ACCESS_TOKEN: access_token, FOLDER_NAME: 'TestFolder' }
  assertForbidden(await run(list, words), 'LISTSTATUS')

  await grant('/', `user:${objectId}:r-x`)
  await expect(200, lake.ask('PUT', '/TestFolder', 'MKDIRS'))
  const { FileStatuses } = JSON.parse(await run(list, words))
  const [{ accessTime, modificationTime, owner }] = FileStatuses.FileStatus
  const administrator = claimsOf(await lazuli.token()).oid
  assert.equal(owner, administrator)
  // To the letter, and in the same order.
  assert.equal(
    await run(list, words),
    `{"FileStatuses":{"FileStatus":[{"length":0,"pathSuffix":"TestFolder","type":"DIRECTORY","blockSize":0,"accessTime":${accessTime},"modificationTime":${modificationTime},"replication":0,"permission":"770","owner":"${administrator}","group":"${administrator}"}]}}`,
  )

  // Commands of a shell that is a new one each time begin where the last one did.
  const inFolder = (command: string) => `cd /tmp && ${makeFile} && ${command}; rm -f /tmp/Test1.txt`
  assert.match(await run(inFolder(upload), words), /^HTTP\/1\.1 403 /m)
  await grant('/TestFolder', `user:${objectId}:rwx,default:user:${objectId}:rwx`)
  assertUploaded(await run(inFolder(upload), words), lake.name)
  assert.equal(await run(download, words), 'Test file.\n')

  const { AclStatus } = await expect(200, lake.ask('GET', '/TestFolder/Test1.txt', 'GETACLSTATUS'))
  assert.deepEqual(AclStatus, {
    entries: [`user:${objectId}:rwx`, 'group::rwx'],
    owner: objectId,
    group: administrator,
    permission: '770',
    stickyBit: false,
  })
}

function assertForbidden(text: string, operation: string): void {
  const { exception, message, javaClassName } = JSON.parse(text).RemoteException
  assert.deepEqual(
    [exception, javaClassName],
    ['AccessControlException', 'org.apache.hadoop.security.AccessControlException'],
  )
  assert.match(
    message,
    new RegExp(`^${operation} failed with error 0x83090aa2 \\(Forbidden\\. ACL verification failed\\.`),
  )
}

/** The two answers of the tutorial, with every header that it prints. */
function assertUploaded(printed: string, name: string): void {
  const answers = printed
    .split('\r\n\r\n')
    // Besides them, curl shows what a proxy says, and that it may go on.
    .filter(head => /^HTTP\/1\.1 (?!100 |200 Connection)/.test(head))
    .map(head => {
      const [status, ...lines] = head.split('\r\n')
      return { status, headers: new Headers(lines.map(line => line.split(/: ?(.*)/s).slice(0, 2) as [string, string])) }
    })
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['HTTP/1.1 307 Temporary Redirect', 'HTTP/1.1 201 Created'],
  )
  for (const { headers } of answers) {
    const { 'x-ms-request-id': requestId = '', date = '', ...rest } = Object.fromEntries(headers)
    assert.match(requestId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    assert.ok(Date.parse(date) > 0)
    assert.partialDeepStrictEqual(rest, {
      'cache-control': 'no-cache, no-cache, no-store, max-age=0',
      pragma: 'no-cache',
      expires: '-1',
      location: `https://${name}.azuredatalakestore.net/webhdfs/v1/TestFolder/Test1.txt?op=CREATE&write=true`,
      contentlength: '0',
      'x-ms-webhdfs-version': '17.04.22.00',
      status: '0x0',
      'x-content-type-options': 'nosniff',
      'strict-transport-security': 'max-age=15724800; includeSubDomains',
      'content-length': '0',
    })
  }
}
