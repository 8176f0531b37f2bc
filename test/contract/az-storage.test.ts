/** The storage tutorials and everyday commands with the real az, under lazuli exec. */

import assert from 'node:assert/strict'
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
})
