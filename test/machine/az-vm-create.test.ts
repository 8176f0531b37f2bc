import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import '../deadline.ts'
import { newGroup } from '../contract/arrange.ts'
import { lanesMissing, underLazuli, warmAzLane } from '../contract/az.ts'
import { type Lazuli, startLazuli } from '../start.ts'

type SignIn = { readonly address: string; readonly key?: string; readonly password?: string; readonly user?: string }

/** Runs a command over SSH; what it prints, or why it could not. */
async function ssh(
  lazuli: Lazuli,
  home: string,
  { address, key, password, user = 'azureuser' }: SignIn,
  command: string,
) {
  const askPassword = join(home, 'ask-password')
  await writeFile(askPassword, `#!/bin/sh\necho '${password ?? ''}'\n`, { mode: 0o700 })
  const how = key === undefined ? ['PreferredAuthentications=password'] : ['BatchMode=yes', 'IdentitiesOnly=yes']
  const options = [
    'StrictHostKeyChecking=no',
    `UserKnownHostsFile=${join(home, 'known-hosts')}`,
    'ConnectTimeout=5',
    ...how,
  ]
  const identity = key === undefined ? [] : ['-i', key]
  const argv = ['ssh', '-F', 'none', ...options.flatMap(one => ['-o', one]), ...identity, `${user}@${address}`, command]
  const { exitCode, stdout, stderr } = await lazuli.run(argv, {
    env: { SSH_ASKPASS: askPassword, SSH_ASKPASS_REQUIRE: 'force' },
  })
  return exitCode === 0 ? stdout.trim() : `failed: ${stderr}`
}

test('az vm create makes machines that people sign in to', { skip: lanesMissing }, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t, { machines: 'sandbox' }), warmAzLane('trixie', t)])
  const { az } = underLazuli(lazuli, lane)
  const at = (name: string) => join(lane.home, name)
  const sshTo = (who: SignIn, command: string) => ssh(lazuli, lane.home, who, command)
  const newKey = (name: string, ...kind: string[]) =>
    lazuli.run(['ssh-keygen', '-q', '-N', '', '-f', at(name), ...kind])
  await newGroup(lazuli, 'RGname')
  await newGroup(lazuli, 'myResourceGroup')
  await newKey('mysshkey', '-m', 'PEM', '-t', 'rsa', '-b', '4096')
  await newKey('laptop', '-t', 'ed25519')

  await t.test('with keys that az generates', async () => {
    const made = await az('vm create --name VMname --resource-group RGname --image UbuntuLTS --generate-ssh-keys')
    assert.equal(made.powerState, 'VM running')
    const who = { address: made.publicIpAddress, key: at('.ssh/id_rsa') }
    assert.equal(await sshTo(who, 'hostname; sudo -n whoami'), 'VMname\nroot')

    const [{ virtualMachine }] = await az('vm list-ip-addresses -g RGname')
    assert.deepEqual(virtualMachine.network.privateIpAddresses, [made.privateIpAddress])
    assert.equal(virtualMachine.network.publicIpAddresses[0].ipAddress, made.publicIpAddress)
    const metadata =
      'curl -s -H Metadata:true "http://169.254.169.254/metadata/instance/network?api-version=2021-02-01"'
    const { interface: interfaces } = JSON.parse(await sshTo(who, metadata))
    assert.deepEqual(interfaces[0].ipv4.ipAddress, [
      { privateIpAddress: made.privateIpAddress, publicIpAddress: made.publicIpAddress },
    ])
    assert.equal(interfaces[0].macAddress, made.macAddress.replaceAll('-', ''))
    assert.equal(
      (await sshTo(who, 'cat /sys/class/net/eth0/address')).toUpperCase(),
      made.macAddress.replaceAll('-', ':'),
    )
    // What stands in for an image is what the machine says that it really is.
    const { instanceView } = await az('vm get-instance-view -g RGname -n VMname')
    assert.match(await sshTo(who, 'cat /etc/os-release'), new RegExp(`VERSION_ID="?${instanceView.osVersion}"?`))
  })

  await t.test('with a key of their own', async () => {
    const command =
      'vm create --resource-group myResourceGroup --name myVM --image UbuntuLTS --admin-username azureuser --ssh-key-values'
    const { publicIpAddress: address } = await az(`${command} ${at('mysshkey.pub')}`)
    assert.equal(await sshTo({ address, key: at('mysshkey') }, 'whoami'), 'azureuser')
    assert.match(await sshTo({ address, key: at('laptop') }, 'whoami'), /Permission denied/)
    assert.match(await sshTo({ address, password: 'x' }, 'whoami'), /Permission denied/)
  })

  await t.test(
    'with several keys, blanks behind one of them, an identity with a role, and no address of its own',
    async () => {
      await writeFile(at('blanks.pub'), `${(await readFile(at('mysshkey.pub'), 'utf8')).trim()}  \t\n`)
      const scope = `${lazuli.subscription}/resourceGroups/myResourceGroup`
      const made = await az(
        `vm create -g myResourceGroup -n two --image Ubuntu2204 --admin-username azureuser --ssh-key-values ${at('blanks.pub')} ${at('laptop.pub')} --ssh-dest-key-path /home/azureuser/.ssh/authorized_keys --assign-identity --role Reader --scope ${scope} --nsg '' --public-ip-address ''`,
      )
      assert.equal(made.publicIpAddress, '')
      for (const key of ['mysshkey', 'laptop'])
        assert.equal(await sshTo({ address: made.privateIpAddress, key: at(key) }, 'hostname'), 'two')
      const filter = `[?principalId=='${made.identity.systemAssignedIdentity}'].[roleDefinitionName, scope]`
      assert.deepEqual(await az(`role assignment list --scope ${scope} --query "${filter}"`), [['Reader', scope]])
    },
  )

  await t.test('with a password, which is told to nobody', async () => {
    const password = 'Seven-horses-42'
    const command = `vm create -g myResourceGroup -n secret --image Debian12 --admin-username azureuser --admin-password '${password}' --authentication-type password --public-ip-address-dns-name secret-host`
    const validated = await az(`${command} --validate`)
    assert.equal(validated.properties.provisioningState, 'Succeeded')
    assert.deepEqual(await az('vm list -g myResourceGroup --query "[?name==\'secret\']"'), [])

    const { publicIpAddress: address, fqdns } = await az(command)
    assert.equal(fqdns, 'secret-host.westeurope.cloudapp.azure.com')
    assert.equal(await sshTo({ address, password }, 'whoami'), 'azureuser')
    const shown = [
      await az('vm show -g myResourceGroup -n secret'),
      await az('deployment group list -g myResourceGroup'),
    ]
    assert.doesNotMatch(JSON.stringify(shown), new RegExp(password))
    const files = await lazuli.run(['grep', '-rlF', password, lazuli.directory])
    assert.equal(files.stdout, '', 'the password is in no file of the server or of the machine')
  })

  await t.test('whose security groups hold between them and towards the host', async () => {
    const [to, from] = await Promise.all(
      ['myVM', 'two'].map(name => az(`vm show -d -g myResourceGroup -n ${name} --query privateIps`)),
    )
    const peer = { address: from, key: at('laptop') }
    const connect = `timeout 2 bash -c '</dev/tcp/${to}/22' && echo open`
    const fromPeer = () => sshTo(peer, `${connect} || echo closed`)
    const fromHost = async () => (await lazuli.run(['bash', '-c', connect])).stdout.trim() || 'closed'
    const rule = 'network nsg rule create -g myResourceGroup --nsg-name myVMNSG --priority'
    assert.deepEqual([await fromPeer(), await fromHost()], ['open', 'open'])

    // The subnet that az declares, in which the machines really have other addresses.
    await az(
      `${rule} 400 -n no-peers --access Deny --protocol Tcp --destination-port-ranges 20-30 --source-address-prefixes 10.0.0.0/24`,
    )
    assert.deepEqual([await fromPeer(), await fromHost()], ['closed', 'open'])
    await az(
      `${rule} 300 -n peers --access Allow --protocol '*' --destination-port-ranges 22 --source-address-prefixes VirtualNetwork`,
    )
    await az('network nsg rule delete -g myResourceGroup --nsg-name myVMNSG -n default-allow-ssh')
    assert.deepEqual([await fromPeer(), await fromHost()], ['open', 'closed'])

    await lazuli.kill('SIGKILL')
    assert.equal(await fromHost(), 'closed')
    await lazuli.restart()
    assert.deepEqual([await fromPeer(), await fromHost()], ['open', 'closed'])
    await az('network nic update -g myResourceGroup -n myVMVMNic --remove networkSecurityGroup')
    assert.equal(await fromHost(), 'open')
  })

  await t.test('and that leave nothing behind', async () => {
    await az('vm delete -g myResourceGroup -n myVM --yes')
    await az('network nic delete -g myResourceGroup -n myVMVMNic')
    await az('group delete -n myResourceGroup --yes')
    assert.deepEqual(await az('network nic list --query "[].name"'), ['VMnameVMNic'])
  })
})
