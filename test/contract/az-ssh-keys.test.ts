import assert from 'node:assert/strict'
import { chmod, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newGroup, unique } from './arrange.ts'
import { inBothWays } from './az.ts'

const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDQ3HR9m6Rb9kzv0tC8Sg0tU8z5b7cRk0m7sQyY1cQ2N ann@workstation'

inBothWays('az keeps SSH keys', async (t, { az, refusal, lazuli, lane }) => {
  const group = unique('group')
  await newGroup(lazuli, group)
  const folder = join(lane.home, '.ssh')
  const kept = () => readdir(folder).catch(() => [] as string[])

  for (const [option, beginning] of [
    ['', 'ssh-rsa '],
    ['--encryption-type Ed25519', 'ssh-ed25519 '],
  ] as const) {
    await t.test(`a generated ${beginning}key opens what is locked with the public one`, async () => {
      const before = await kept()
      const made = await az(`sshkey create -g ${group} -n ${unique('key')} ${option}`)
      assert.ok(made.publicKey.startsWith(beginning))
      const files = (await kept()).filter(file => !before.includes(file)).sort()
      assert.equal(files.length, 2, 'az keeps the private key and the public key in ~/.ssh')
      const [privateKey = '', publicFile = ''] = files.map(file => join(folder, file))
      assert.equal(`${privateKey}.pub`, publicFile)
      assert.equal((await readFile(publicFile, 'utf8')).trim(), made.publicKey.trim())
      // az lets everybody read the file, which ssh does not like.
      await chmod(privateKey, 0o600)
      // ssh-keygen reads the private key as ssh would, and says to which public key it belongs.
      const { exitCode, stdout, stderr } = await lazuli.run(['ssh-keygen', '-y', '-f', privateKey])
      assert.equal(exitCode, 0, stderr)
      assert.deepEqual(stdout.split(' ').slice(0, 2).join(' ').trim(), made.publicKey.split(' ').slice(0, 2).join(' '))
    })
  }

  await t.test('a public key is stored, shown, listed, replaced and removed', async () => {
    const name = unique('key')
    const made = await az(`sshkey create -g ${group} -n ${name} --public-key '${publicKey}'`)
    assert.partialDeepStrictEqual(made, { name, location: 'westeurope', publicKey, resourceGroup: group })
    assert.deepEqual(await az(`sshkey show -g ${group} -n ${name}`), made)
    assert.deepEqual(await az(`sshkey list -g ${group} --query "[?name=='${name}'].publicKey"`), [publicKey])

    const other = publicKey.replace('ann@', 'bob@')
    assert.equal(await az(`sshkey update -g ${group} -n ${name} --public-key '${other}' --query publicKey`), other)
    await az(`sshkey delete -g ${group} -n ${name} --yes`)
    assert.equal((await refusal(`sshkey show -g ${group} -n ${name}`)).exitCode, 3)
  })

  await t.test('what is no public key is refused', async () => {
    const path = `/subscriptions/{subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/sshPublicKeys/bad`
    const body = JSON.stringify({ location: 'westeurope', properties: { publicKey: 'ssh-rsa nonsense' } })
    const put = `rest --method put --url '${path}?api-version=2024-07-01' --body '${body}'`
    assert.match((await refusal(put)).said, /Bad Request/)
  })
})
