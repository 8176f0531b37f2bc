import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openLocalCa } from './local-ca.ts'
import { distrustSystemWide, trustSystemWide } from './system-trust.ts'
import { azureNames, execute, openssl, realClock, temporaryFolder } from './testing.ts'

const hosts: readonly { host: string; folders: string[]; file: string; update: string; updateAfterRemoval?: string }[] =
  [
    {
      host: 'Debian, Ubuntu and Alpine',
      folders: ['usr/local/share/ca-certificates'],
      file: 'usr/local/share/ca-certificates/lazuli-dev.crt',
      update: 'update-ca-certificates',
      updateAfterRemoval: 'update-ca-certificates --fresh',
    },
    {
      host: 'Fedora and RHEL',
      folders: ['etc/pki/ca-trust/source/anchors', 'usr/local/share/ca-certificates'],
      file: 'etc/pki/ca-trust/source/anchors/lazuli-dev.pem',
      update: 'update-ca-trust extract',
    },
    {
      host: 'SUSE',
      folders: ['etc/pki/trust/anchors'],
      file: 'etc/pki/trust/anchors/lazuli-dev.pem',
      update: 'update-ca-certificates',
    },
    {
      host: 'Arch',
      folders: ['etc/ca-certificates/trust-source/anchors'],
      file: 'etc/ca-certificates/trust-source/anchors/lazuli-dev.crt',
      update: 'update-ca-trust',
    },
  ]

for (const { host, folders, file, update, updateAfterRemoval = update } of hosts) {
  test(`on ${host} the CA goes where the store looks for it, twice makes no difference, and it goes away again`, async t => {
    const { root, caFile, commands, options } = await bareHost(t, folders)
    const path = join(root, file)

    assert.deepEqual(await trustSystemWide({ ...options, caFile }), { file: path, outcome: 'applied' })
    assert.equal(await readFile(path, 'utf8'), 'OUR CA')
    assert.equal((await stat(path)).mode & 0o777, 0o644)
    assert.deepEqual(await trustSystemWide({ ...options, caFile }), { file: path, outcome: 'already' })
    assert.deepEqual(await distrustSystemWide(options), { file: path, outcome: 'applied' })
    assert.equal(existsSync(path), false)
    assert.deepEqual(await distrustSystemWide(options), { file: path, outcome: 'already' })
    assert.deepEqual(commands, [update, update, updateAfterRemoval, updateAfterRemoval])
  })
}

test('a CA that was made anew replaces the old one', async t => {
  const { caFile, options } = await bareHost(t, ['etc/pki/trust/anchors'])
  await trustSystemWide({ ...options, caFile })
  await writeFile(caFile, 'NEW CA')
  const { file, outcome } = await trustSystemWide({ ...options, caFile })
  assert.equal(outcome, 'applied')
  assert.equal(await readFile(file, 'utf8'), 'NEW CA')
})

test('without root nothing changes, and the error has the commands to type', async t => {
  const { root, caFile, commands, options } = await bareHost(t, ['usr/local/share/ca-certificates'], "it's here")
  const file = join(root, 'usr/local/share/ca-certificates/lazuli-dev.crt')
  const quoted = `'${caFile.replace("'", "'\\''")}'`
  await assert.rejects(trustSystemWide({ ...options, caFile, uid: 1000 }), {
    message: `Changing what the whole host trusts needs root. Run: sudo install -m 0644 ${quoted} ${file} && sudo update-ca-certificates`,
  })
  await assert.rejects(distrustSystemWide({ ...options, uid: 1000 }), {
    message: `Changing what the whole host trusts needs root. Run: sudo rm -f ${file} && sudo update-ca-certificates --fresh`,
  })
  assert.equal(existsSync(file), false)
  assert.deepEqual(commands, [])
})

test('a host without a known store is told which package to install', async t => {
  const { caFile, options } = await bareHost(t, [])
  await assert.rejects(trustSystemWide({ ...options, caFile }), { message: /install the package ca-certificates/ })
})

for (const instance of ['', '../../x', 'A b', '-rf']) {
  test(`"${instance}" does not become part of a file name`, async t => {
    const { caFile, options } = await bareHost(t, ['usr/local/share/ca-certificates'])
    await assert.rejects(trustSystemWide({ ...options, caFile, instance }), {
      message: /is not a name for an instance/,
    })
  })
}

test('a failed update is reported', async t => {
  const { caFile, options } = await bareHost(t, ['usr/local/share/ca-certificates'])
  const run = () => Promise.reject(new Error('update-ca-certificates exited with 1'))
  await assert.rejects(trustSystemWide({ ...options, caFile, run }), {
    message: 'update-ca-certificates exited with 1',
  })
})

test("Debian's own update-ca-certificates puts the CA beside the others and takes every trace of it out again", async t => {
  const { root, options } = await bareHost(t, ['usr/local/share/ca-certificates', 'etc/ssl/certs', 'shipped', 'hooks'])
  const [ours, other] = [join(root, 'ours'), join(root, 'other')]
  const { certificateFile: caFile } = await openLocalCa({ dir: ours, clock: realClock, names: azureNames })
  const { certificateFile: otherCaFile } = await openLocalCa({ dir: other, clock: realClock, names: azureNames })
  await copyFile(otherCaFile, join(root, 'shipped', 'other.crt'))
  await writeFile(join(root, 'shipped.conf'), 'other.crt\n')

  const confined = [
    ['--certsconf', join(root, 'shipped.conf')],
    ['--certsdir', join(root, 'shipped')],
    ['--localcertsdir', join(root, 'usr/local/share/ca-certificates')],
    ['--etccertsdir', join(root, 'etc/ssl/certs')],
    ['--hooksdir', join(root, 'hooks')],
  ].flat()
  const run = async (command: string, args: readonly string[]) => {
    const { code, output } = await execute(command, [...args, ...confined])
    assert.equal(code, 0, output)
  }
  const isTrusted = async (file: string) => {
    const inFolder = await openssl('verify', '-no-CAfile', '-no-CAstore', '-CApath', join(root, 'etc/ssl/certs'), file)
    const bundle = await readFile(join(root, 'etc/ssl/certs/ca-certificates.crt'), 'utf8')
    return { inFolder: inFolder.code === 0, inBundle: bundle.includes(await readFile(file, 'utf8')) }
  }

  await run('update-ca-certificates', [])
  const before = (await readdir(join(root, 'etc/ssl/certs'))).sort()
  await trustSystemWide({ ...options, caFile, run })
  assert.deepEqual(await isTrusted(caFile), { inFolder: true, inBundle: true })
  assert.deepEqual(await isTrusted(otherCaFile), { inFolder: true, inBundle: true })

  await distrustSystemWide({ ...options, run })
  assert.deepEqual(await isTrusted(caFile), { inFolder: false, inBundle: false })
  assert.deepEqual(await isTrusted(otherCaFile), { inFolder: true, inBundle: true })
  assert.deepEqual((await readdir(join(root, 'etc/ssl/certs'))).sort(), before)
})

/** An empty root with `folders` in it and a CA file, and the options to change it as root while commands are noted. */
async function bareHost(t: TestContext, folders: readonly string[], dataFolder = 'data') {
  const root = await temporaryFolder(t)
  for (const folder of [...folders, dataFolder]) await mkdir(join(root, folder), { recursive: true })
  const caFile = join(root, dataFolder, 'ca.pem')
  await writeFile(caFile, 'OUR CA')
  const commands: string[] = []
  const run = async (command: string, args: readonly string[]) => {
    commands.push([command, ...args].join(' '))
  }
  return { root, caFile, commands, options: { instance: 'dev', uid: 0, run, root } }
}
