/** The storage tutorials and everyday commands with the real az, under lazuli exec. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { newGroup } from './arrange.ts'
import { azEnvironment, azLane, lanesMissing, underLazuli } from './az.ts'
import { shell, typedInto } from './curl.ts'
import { keyTutorial, sasTutorial } from './storage-tutorials.ts'

for (const [name, tutorial] of [
  ['a signature', sasTutorial],
  ['a key', keyTutorial],
] as const) {
  test(`a file goes up and down with ${name} as the tutorial shows, with az`, { skip: lanesMissing }, async t => {
    const [lazuli, lane] = await Promise.all([startLazuli(t), azLane('trixie', t)])
    await tutorial({
      lazuli,
      shellOf: machine => shell(lazuli, machine),
      azOf: () => typedInto(typed => lazuli.exec(['sh', '-c', typed], { env: azEnvironment(lane) })),
    })
  })
}

test('az makes an account and works with what is in it, signed in', { skip: lanesMissing }, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t), azLane('trixie', t)])
  await newGroup(lazuli, 'az')
  const { az, refusal } = underLazuli(lazuli, lane)
  const made = await az('storage account create -g az -n azaccount1 -l westus --sku Standard_LRS')
  assert.equal(made.primaryEndpoints.blob, 'https://azaccount1.blob.core.windows.net/')
  assert.deepEqual(await az('storage account list --query "[].name"'), ['azaccount1'])

  const login = '--account-name azaccount1 --auth-mode login'
  // Containers are the account's own affair, which its owner manages; what is in them needs a role for data.
  assert.deepEqual(await az(`storage container create -n box ${login}`), { created: true })
  const { said } = await refusal(`storage blob upload -c box -n a/b.txt --data hello ${login}`)
  assert.match(said, /You do not have the required permissions/)
  const assign = `--role "Storage Blob Data Contributor" --assignee ${lazuli.env.admin.clientId} --scope ${made.id}`
  await az(`role assignment create ${assign}`)
  await az(`storage blob upload -c box -n a/b.txt --data hello --metadata kindOf=greeting ${login}`)
  const [blob] = await az(`storage blob list -c box --include m ${login}`)
  assert.deepEqual([blob.name, blob.properties.contentLength, blob.metadata], ['a/b.txt', 5, { kindOf: 'greeting' }])
  assert.deepEqual(await az(`storage blob show -c box -n a/b.txt --query metadata ${login}`), { kindOf: 'greeting' })
  const sas = await az(
    `storage blob generate-sas -c box -n a/b.txt --permissions r --expiry 2099-01-01 --account-name azaccount1 --account-key "$(az storage account keys list -g az -n azaccount1 --query [0].value -o tsv)"`,
  )
  const url = `https://azaccount1.blob.core.windows.net/box/a/b.txt?${sas}`
  assert.equal((await lazuli.exec(['curl', '-s', url], {})).stdout, 'hello')
  const expiry = new Date(Date.now() + 3_600_000).toISOString().replace(/:\d\d\.\d+Z$/, 'Z')
  const delegated = await az(
    `storage container generate-sas -n box --permissions rl --expiry ${expiry} --as-user ${login}`,
  )
  const listed = await lazuli.exec(
    ['curl', '-s', `https://azaccount1.blob.core.windows.net/box?restype=container&comp=list&${delegated}`],
    {},
  )
  assert.match(listed.stdout, /<Name>a\/b\.txt<\/Name>/)
  await az(`storage blob delete -c box -n a/b.txt ${login}`)
  assert.deepEqual(await az(`storage blob list -c box ${login}`), [])

  const service = 'storage account blob-service-properties'
  await az(
    `${service} update -g az -n azaccount1 --enable-versioning --enable-delete-retention --delete-retention-days 3`,
  )
  const { isVersioningEnabled, deleteRetentionPolicy } = await az(`${service} show -g az -n azaccount1`)
  assert.deepEqual([isVersioningEnabled, deleteRetentionPolicy.days], [true, 3])
  for (const word of ['one', 'two']) await az(`storage blob upload -c box -n v --data ${word} --overwrite ${login}`)
  const versions = await az(`storage blob list -c box --include v ${login}`)
  assert.deepEqual(
    versions.map((one: { name: string; isCurrentVersion: boolean | null }) => [one.name, one.isCurrentVersion]),
    [
      ['v', null],
      ['v', true],
    ],
  )
  const file = join(lane.home, 'v')
  await az(`storage blob download -c box -n v -f ${file} --version-id ${versions[0].versionId} ${login}`)
  assert.equal(await readFile(file, 'utf8'), 'one')
  await az(`storage blob delete -c box -n v ${login}`)
  // Spelled as in the help of az.
  const source = `https://azaccount1.blob.core.windows.net/box/v?versionId=${versions[0].versionId}`
  await az(`storage blob copy start --destination-container box --destination-blob v --source-uri "${source}" ${login}`)
  assert.equal((await az(`storage blob list -c box --include v ${login}`)).length, 3)
  await az(`storage blob download -c box -n v -f ${file} --overwrite ${login}`)
  assert.equal(await readFile(file, 'utf8'), 'one')
})
