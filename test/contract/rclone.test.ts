/** rclone, which people copy whole folders with. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { newGroup } from './arrange.ts'
import { newAccount } from './storage.ts'

test('rclone copies a folder there and back, lists it and removes it', async t => {
  const lazuli = await startLazuli(t)
  const account = await newAccount(lazuli, await newGroup(lazuli))
  const [key = ''] = await account.keys()
  const folder = join(lazuli.directory, '..', 'rclone')
  await mkdir(join(folder, 'sub'), { recursive: true })
  const long = randomBytes(9_000_000)
  await writeFile(join(folder, 'long'), long)
  await writeFile(join(folder, 'sub', 'ünï code.txt'), 'text')
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    RCLONE_CONFIG_LAZULI_TYPE: 'azureblob',
    RCLONE_CONFIG_LAZULI_ACCOUNT: account.name,
    RCLONE_CONFIG_LAZULI_KEY: key,
  }
  const rclone = async (...argv: string[]) => {
    const { exitCode, stdout, stderr } = await lazuli.exec(['rclone', '--config', '/dev/null', ...argv], { env })
    assert.equal(exitCode, 0, `${argv.join(' ')}\n${stderr}`)
    return stdout
  }
  await rclone('copy', folder, 'lazuli:box')
  const listed = (await rclone('lsf', '-R', 'lazuli:box')).trim().split('\n').sort()
  assert.deepEqual(listed, ['long', 'sub/', 'sub/ünï code.txt'])
  await rclone('check', folder, 'lazuli:box')
  await rclone('copy', 'lazuli:box', join(folder, 'back'))
  assert.deepEqual(await readFile(join(folder, 'back', 'long')), long)
  await rclone('purge', 'lazuli:box')
  assert.equal(await rclone('lsf', 'lazuli:'), '')
})
