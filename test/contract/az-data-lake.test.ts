/**
 * Data Lake Store by az, and by Azure's own library for Python. Each az can do a half of it only, and ends with the other
 * before it asks anybody anything, because it and a library that Debian ships with it do not fit together: 2.74 says of
 * files that "the input scopes should be a list, tuple, or set", 2.45 of accounts that there is "no attribute 'create'".
 */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { newGroup, unique } from './arrange.ts'
import { azEnvironment, azLane, lanesMissing, underLazuli, warmAzLane } from './az.ts'
import { newLake } from './data-lake.ts'

test('az fills an account and opens it to others, and makes new ones', { skip: lanesMissing }, async t => {
  const [lazuli, newer, lane] = await Promise.all([startLazuli(t), warmAzLane('trixie', t), azLane('bookworm', t)])
  const { az, refusal } = underLazuli(lazuli, lane)
  const group = await newGroup(lazuli)
  const { name } = await newLake(lazuli, group)
  const fs = (command: string) => az(`dls fs ${command} --account ${name}`)
  const somebody = '11111111-1111-1111-1111-111111111111'

  await t.test('files', async () => {
    const file = join(lane.home, 'hello.txt')
    await writeFile(file, 'Test file.\n')
    await fs('create --path /d/e --folder')
    await fs(`upload --source-path ${file} --destination-path /d/hello.txt`)
    await fs("append --path /d/hello.txt --content 'More.'")
    const [shown] = (await fs('list --path /d')).filter((one: { type: string }) => one.type === 'FILE')
    assert.partialDeepStrictEqual(shown, { length: 16, name: 'd/hello.txt', permission: '660' })
    assert.equal(await fs('preview --path /d/hello.txt'), 'Test file.\nMore.')
    await fs("create --path /d/two.txt --content 'Two.'")
    await fs('join --source-paths /d/hello.txt /d/two.txt --destination-path /d/both.txt')
    await fs('move --source-path /d/both.txt --destination-path /d/e')
    assert.equal(await fs('preview --path /d/e/both.txt'), 'Test file.\nMore.Two.')
    assert.equal(await fs('test --path /d/hello.txt'), false)
  })

  await t.test('access', async () => {
    await fs(`access set-entry --path /d --acl-spec user:${somebody}:r-x,default:user:${somebody}:r--`)
    assert.partialDeepStrictEqual(await fs('access show --path /d'), {
      entries: [
        ...[`user:${somebody}:r-x`, 'group::rwx', 'default:user::rwx', `default:user:${somebody}:r--`],
        ...['default:group::rwx', 'default:mask::rwx', 'default:other::---'],
      ],
      permission: '770',
      stickyBit: false,
    })
    await fs('access set-permission --path /d --permission 750')
    assert.equal((await fs('show --path /d')).permission, '750')
    await fs('delete --path /d --recurse')
    assert.match((await refusal(`dls fs show --path /d --account ${name}`)).said, /FileNotFoundError|not found|\/?d/)
  })

  // Last, because the older one cannot read what the newer one leaves in the folder that they share.
  await t.test('accounts', async () => {
    const { az } = underLazuli(lazuli, newer)
    const made = unique('lake').replace('-', '')
    const groupName = group.slice(group.lastIndexOf('/') + 1)
    const account = (command: string) => az(`dls account ${command} --account ${made} -g ${groupName}`)
    assert.partialDeepStrictEqual(await account('create'), {
      endpoint: `${made}.azuredatalakestore.net`,
      location: 'westeurope',
      provisioningState: 'Succeeded',
      state: 'Active',
    })
    const range = '--start-ip-address 10.0.0.1 --end-ip-address 10.0.0.2'
    const rule = await account(`firewall create --firewall-rule-name a ${range}`)
    assert.equal(rule.endIpAddress, '10.0.0.2')
    assert.equal((await account('update --firewall-state Enabled')).firewallState, 'Enabled')
    await account('delete')
    assert.deepEqual(await az("dls account list --query '[].name'"), [name])
  })
})

/** What Azure's own library for Python does with each of its methods; the words in capitals come from the environment. */
const program = `
import json, os, time
from azure.datalake.store import core, lib, multithread

token = lib.auth(tenant_id=os.environ['TENANT'], client_id=os.environ['CLIENT'], client_secret=os.environ['SECRET'],
                 resource='https://datalake.azure.net/')
adl = core.AzureDLFileSystem(token, store_name=os.environ['STORE'])
seen = {}

adl.mkdir('d')
with adl.open('d/f', 'wb') as f:
    f.write(b'one\\n' * 3)
with adl.open('d/f', 'ab') as f:
    f.write(b'two\\n')
seen['cat'] = adl.cat('d/f').decode()
seen['head'] = adl.head('d/f', 3).decode()
seen['tail'] = adl.tail('d/f', 4).decode()
with adl.open('d/f', 'rb') as f:
    f.seek(4)
    seen['line'] = f.readline().decode()
seen['ls'] = adl.ls('d')
seen['exists'] = [adl.exists('d/f'), adl.exists('d/g')]
adl.touch('d/empty')
adl.mv('d/empty', 'd/moved')
seen['info'] = {k: adl.info('d/moved')[k] for k in ('length', 'type', 'name', 'permission')}
adl.chmod('d/moved', '600')
seen['chmod'] = adl.info('d/moved', invalidate_cache=True)['permission']
adl.modify_acl_entries('d', 'user:11111111-1111-1111-1111-111111111111:r-x')
seen['acl'] = adl.get_acl_status('d')['entries']
adl.remove_acl_entries('d', 'user:11111111-1111-1111-1111-111111111111')
adl.set_acl('d/f', 'user::rwx,group::r-x,other::---')
adl.remove_acl('d/f')
adl.remove_default_acl('d')
seen['acls'] = [adl.get_acl_status('d')['entries'], adl.get_acl_status('d/f')['permission']]
adl.set_expiry('d/moved', 'RelativeToNow', 100000000)
seen['expires'] = adl.info('d/moved', invalidate_cache=True)['msExpirationTime'] > time.time() * 1000
adl.concat('d/all', ['d/f', 'd/moved'])
seen['walk'] = sorted(adl.walk(''))
seen['du'] = adl.du('d', deep=True, total=True)
seen['df'] = adl.df('d')['fileCount']
seen['glob'] = adl.glob('d/a*')

big = os.path.join(os.environ['HOME'], 'big')
content = os.urandom(1 << 20) * 9
with open(big, 'wb') as f:
    f.write(content)
multithread.ADLUploader(adl, lpath=big, rpath='up/big', nthreads=4, chunksize=1 << 21, buffersize=1 << 20, blocksize=1 << 20, overwrite=True)
multithread.ADLDownloader(adl, rpath='up/big', lpath=big + '2', nthreads=4, chunksize=1 << 21, buffersize=1 << 20, blocksize=1 << 20, overwrite=True)
with open(big + '2', 'rb') as f:
    seen['transfer'] = f.read() == content
seen['left'] = sorted(adl.walk('up'))
for size in (4, 1):
    adl.rm('up', recursive=True) if size == 4 else adl.rm('d/all')
seen['end'] = adl.walk('')
try:
    adl.cat('d/nothing')
except FileNotFoundError:
    seen['missing'] = True
stranger = lib.auth(tenant_id=os.environ['TENANT'], client_id=os.environ['OTHER'], client_secret=os.environ['OTHERSECRET'],
                    resource='https://datalake.azure.net/')
try:
    core.AzureDLFileSystem(stranger, store_name=os.environ['STORE']).ls('d')
except PermissionError:
    seen['refused'] = True
print(json.dumps(seen))
`

test('Python’s library for Data Lake Store does all that it can do', { skip: lanesMissing }, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t), azLane('bookworm', t)])
  const lake = await newLake(lazuli, await newGroup(lazuli))
  const { az } = underLazuli(lazuli, lane)
  const other = await az(`ad sp create-for-rbac --name ${unique('app')}`)
  const { admin, tenantId } = lazuli.env
  const env = {
    ...azEnvironment(lane),
    ...{ TENANT: tenantId, CLIENT: admin.clientId, SECRET: admin.clientSecret, STORE: lake.name },
    ...{ OTHER: other.appId, OTHERSECRET: other.password },
  }
  const { stdout, stderr, exitCode } = await lazuli.exec([join(lane.bin, 'python3'), '-'], { env, stdin: program })
  assert.equal(exitCode, 0, stderr)
  assert.deepEqual(JSON.parse(stdout), {
    ...{ cat: 'one\none\none\ntwo\n', head: 'one', tail: 'two\n', line: 'one\n', ls: ['d/f'], exists: [true, false] },
    info: { length: 0, type: 'FILE', name: 'd/moved', permission: '660' },
    chmod: '600',
    acl: ['user:11111111-1111-1111-1111-111111111111:r-x', 'group::rwx'],
    acls: [[], '750'],
    expires: true,
    ...{ walk: ['d/all'], du: 16, df: 1, glob: ['d/all'] },
    ...{ transfer: true, left: ['up/big'], end: [], missing: true, refused: true },
  })
})
