import assert from 'node:assert/strict'
import { test } from 'node:test'
import '../deadline.ts'
import { limits } from './rig.ts'
import { openVmAccess, refused, stateFolder, succeeded } from './vm-access-rig.ts'

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJeenLQi6sE7VsdIIHe4i7AMmXZCLS3F/j8bOSokbAUD new'

test('a home is found however passwd writes it, and removed where only root decides what it is', limits, async t => {
  const vm = await openVmAccess(t)
  await vm.sh(`for user in erin mallory; do useradd -m -s /bin/bash $user; done
    sed -i 's,:/home/erin:,:/home//erin/:,' /etc/passwd
    mv /home /srv/home; ln -s srv/home /home`)
  succeeded(await vm.enable({ username: 'erin', ssh_key: key }))
  assert.equal(await vm.sh('cat /home/erin/.ssh/authorized_keys'), key)
  succeeded(await vm.enable({ remove_user: 'erin' }))
  assert.equal(await vm.sh('ls -A /home/'), 'azureuser\nmallory')

  // What is above this home is mallory's, who could put any folder of that name in its place.
  await vm.sh('install -d -o mallory /home/mallory/homes; useradd -d /home/mallory/homes/frank frank')
  await vm.sh('chown root: /home/mallory/homes; install -d -o frank /home/mallory/homes/frank')
  const { substatus } = succeeded(await vm.enable({ remove_user: 'frank' }))
  assert.match(JSON.stringify(substatus), /but not .*frank: others than root can change what is above it/)
  assert.equal(await vm.sh('ls /home/mallory/homes'), 'frank')
})

test('of a user who was made for nothing nothing is left, wherever homes and mail are', limits, async t => {
  const vm = await openVmAccess(t)
  await vm.sh(`mkdir /srv/people; printf 'HOME=/srv/people\\nCREATE_MAIL_SPOOL=yes\\n' > /etc/default/useradd
    echo 'AuthorizedKeysFile none' > /etc/ssh/sshd_config.d/05-none.conf`)
  const state = () =>
    vm.sh('ls -AR /srv/people /home /var/mail; cat /etc/passwd /etc/group /etc/subuid; cat /etc/shadow')
  const before = await state()
  const outcome = await vm.enable({ username: 'grace', ssh_key: key })
  assert.match(refused(outcome), /AuthorizedKeysFile none.*All changes have been undone\.$/)
  assert.match(outcome.status.substatus[0]?.formattedMessage.message ?? '', /\n\{"error":"system"\}$/)
  assert.equal(await state(), before)

  await vm.sh('rm /etc/ssh/sshd_config.d/05-none.conf')
  succeeded(await vm.enable({ username: 'grace', ssh_key: key }))
  assert.equal(await vm.sh('cat /srv/people/grace/.ssh/authorized_keys'), key)
})

test('a journal that the disk has lost stops nobody from recovering access', limits, async t => {
  const vm = await openVmAccess(t)
  await vm.sh(`mkdir -p ${stateFolder}; echo '{"sequence":' > ${stateFolder}/journal.json`)
  succeeded(await vm.enable({ username: 'azureuser', ssh_key: key }))
  assert.equal(await vm.sh(`cat ${stateFolder}/journal.json.damaged`), '{"sequence":')
  const wrong = await vm.enable({ username: 'azureuser', ssh_key: 'ssh-rsa garbage' })
  refused(wrong)
  assert.match(wrong.status.substatus[0]?.formattedMessage.message ?? '', /\n\{"error":"user"\}$/)
})
