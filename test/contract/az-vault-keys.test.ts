import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { newGroup, unique } from './arrange.ts'
import { lanesMissing, underLazuli, warmAzLane } from './az.ts'

test('az makes, uses, changes, moves and destroys keys', { skip: lanesMissing }, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t), warmAzLane('trixie', t)])
  const { az, refusal } = underLazuli(lazuli, lane)
  const group = (await newGroup(lazuli)).split('/').at(-1)
  const vault = unique('v')
  const inVault = `--vault-name ${vault}`
  const url = `https://${vault}.vault.azure.net`
  await az(`keyvault create -g ${group} -n ${vault} --enable-rbac-authorization false`)
  // Whoever may do all may not destroy anything: that is granted by its name.
  await az(`keyvault set-policy -n ${vault} --spn ${lazuli.env.admin.clientId} --key-permissions all purge`)
  const key = (command: string) => az(`keyvault key ${command}`)

  const made = await key(`create ${inVault} -n door --kty RSA --size 3072 --tags a=b`)
  assert.partialDeepStrictEqual(made, { key: { kty: 'RSA', e: 'AQAB' }, tags: { a: 'b' } })
  const { kid } = made.key
  assert.ok(kid.startsWith(`${url}/keys/door/`))

  const text = await key(`encrypt ${inVault} -n door -a RSA-OAEP-256 --value sesame --data-type plaintext`)
  const { result } = text
  const plain = await key(`decrypt ${inVault} -n door -a RSA-OAEP-256 --value '${result}' --data-type plaintext`)
  assert.equal(plain.result, 'sesame')

  const digest = Buffer.alloc(32, 1).toString('base64')
  const { signature } = await key(`sign ${inVault} -n door -a PS256 --digest ${digest}`)
  const verified = await key(`verify ${inVault} -n door -a PS256 --digest ${digest} --signature '${signature}'`)
  assert.equal(verified.isValid, true)

  const random = await key(`random --count 8 --id ${url}`)
  assert.equal(Buffer.from(random.value, 'base64url').length, 8)

  const file = (name: string) => join(lane.home, name)
  await key(`download ${inVault} -n door -e PEM -f ${file('door.pem')}`)
  const downloaded = createPublicKey(await readFile(file('door.pem'), 'utf8'))
  assert.equal(downloaded.export({ format: 'jwk' }).n, Buffer.from(made.key.n, 'base64').toString('base64url'))

  const policy = {
    lifetimeActions: [{ trigger: { timeAfterCreate: 'P90D' }, action: { type: 'Rotate' } }],
    attributes: { expiryTime: 'P2Y' },
  }
  await writeFile(file('policy.json'), JSON.stringify(policy))
  await key(`rotation-policy update ${inVault} -n door --value ${file('policy.json')}`)
  assert.partialDeepStrictEqual(await key(`rotation-policy show ${inVault} -n door`), { expiresIn: 'P2Y' })
  const rotated = await key(`rotate ${inVault} -n door`)
  assert.notEqual(rotated.key.kid, kid)
  const versions = await key(`list-versions ${inVault} -n door`)
  assert.deepEqual(versions.map((one: { kid: string }) => one.kid).sort(), [kid, rotated.key.kid].sort())

  await key(`set-attributes ${inVault} -n door --enabled false --ops sign`)
  assert.match((await refusal(`keyvault key show ${inVault} -n door`)).said, /not allowed on a disabled key/)

  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(file('own.pem'), pair.privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const imported = await key(`import ${inVault} -n own --pem-file ${file('own.pem')} --ops sign`)
  assert.partialDeepStrictEqual(imported.key, { kty: 'EC', crv: 'P-256', keyOps: ['sign'] })
  const names = (await key(`list ${inVault}`)).map((one: { name: string }) => one.name)
  assert.deepEqual(names, ['door', 'own'])

  await key(`backup ${inVault} -n own -f ${file('own.backup')}`)
  const deleted = await key(`delete ${inVault} -n own`)
  assert.equal(deleted.recoveryId, `${url}/deletedkeys/own`)
  await key(`recover ${inVault} -n own`)
  await key(`delete ${inVault} -n own`)
  await key(`purge ${inVault} -n own`)
  const restored = await key(`restore ${inVault} -f ${file('own.backup')}`)
  assert.equal(restored.key.kid, imported.key.kid)
  assert.equal((await key(`show ${inVault} -n own`)).key.kid, imported.key.kid)
})
