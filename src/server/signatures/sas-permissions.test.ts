import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readQuery } from './query.ts'
import { isRefusal, readSas } from './sas.ts'
import { isOrderedPermission, refusePermission, type SasOperation } from './sas-permissions.ts'

const never = () => assert.fail('nobody needs to know whether the blob exists')
const permission = { code: 'AuthorizationPermissionMismatch' }

async function refused(token: string, operation: SasOperation, exists: () => boolean = never) {
  const sas = readSas(readQuery(`sv=2024-11-04&se=2030-01-01&sig=x&${token}`))
  if (!sas || isRefusal(sas)) assert.fail(token)
  return refusePermission(sas, sas.field('sp'), operation, exists)
}

const forContainer = (letters: string) => `sr=c&sp=${letters}`
const forBlob = (letters: string) => `sr=b&sp=${letters}`
const forAccount = (letters: string, types = 'sco') => `ss=bq&srt=${types}&sp=${letters}`

const allowed: [token: string, operation: SasOperation][] = [
  [forBlob('r'), 'getBlob'],
  [forContainer('l'), 'listBlobs'],
  [forContainer('w'), 'putBlob'],
  [forContainer('w'), 'putBlock'],
  [forContainer('c'), 'snapshotBlob'],
  [forBlob('a'), 'appendBlock'],
  [forBlob('d'), 'breakBlobLease'],
  [forAccount('l', 's'), 'listContainers'],
  [forAccount('c', 'c'), 'createContainer'],
  [forAccount('w', 'c'), 'createContainer'],
  [forAccount('l', 'c'), 'listBlobs'],
  [forAccount('r', 'o'), 'getBlob'],
]
for (const [token, operation] of allowed) {
  test(`${token} allows ${operation}`, async () => assert.equal(await refused(token, operation), undefined))
}

const denied: [token: string, operation: SasOperation, code: string][] = [
  [forBlob('acwdxylt'), 'getBlob', 'AuthorizationPermissionMismatch'],
  [forContainer('racwd'), 'listBlobs', 'AuthorizationPermissionMismatch'],
  [forBlob('racwdl'), 'listBlobs', 'AuthorizationPermissionMismatch'],
  [forContainer('r'), 'putBlob', 'AuthorizationPermissionMismatch'],
  [forContainer('racwdxyltfmeopi'), 'createContainer', 'AuthorizationPermissionMismatch'],
  [forContainer('racwdxyltfmeopi'), 'deleteContainer', 'AuthorizationPermissionMismatch'],
  [forContainer('racwdxyltfmeopi'), 'containerAcl', 'AuthorizationPermissionMismatch'],
  [forContainer('racwdxyltfmeopi'), 'getContainerProperties', 'AuthorizationPermissionMismatch'],
  [forContainer('racwdxyltfmeopi'), 'setServiceProperties', 'AuthorizationPermissionMismatch'],
  [forAccount('rwdxylacuptfi'), 'containerAcl', 'AuthorizationPermissionMismatch'],
  [forAccount('rwdxylacuptfi', 'sc'), 'getBlob', 'AuthorizationResourceTypeMismatch'],
  [forAccount('rwdxylacuptfi', 'o'), 'listBlobs', 'AuthorizationResourceTypeMismatch'],
  ['ss=q&srt=sco&sp=r', 'getBlob', 'AuthorizationServiceMismatch'],
]
for (const [token, operation, code] of denied) {
  test(`${token} does not allow ${operation}: ${code}`, async () => {
    assert.deepEqual(await refused(token, operation), { code })
  })
}

test('with c alone a blob can be made, and not replaced', async () => {
  for (const token of [forContainer('c'), forAccount('c')]) {
    for (const operation of ['putBlob', 'putBlock', 'putBlockList'] as const) {
      assert.equal(await refused(token, operation, () => false), undefined)
      assert.deepEqual(await refused(token, operation, () => true), permission)
    }
    assert.deepEqual(await refused(token, 'setBlobMetadata'), permission)
    assert.deepEqual(await refused(token, 'deleteBlob'), permission)
  }
})

test('letters must stand in the documented order, each once', () => {
  for (const letters of ['rcw', 'r', 'racwdxyltfmeopi', '']) assert.ok(isOrderedPermission('service', letters), letters)
  for (const letters of ['wrc', 'rr', 'z', 'R', 'lr']) assert.ok(!isOrderedPermission('service', letters), letters)
  for (const letters of ['rl', 'rwdlacup']) assert.ok(isOrderedPermission('account', letters), letters)
  for (const letters of ['lr', 'rcw', 'rm']) assert.ok(!isOrderedPermission('account', letters), letters)
})
