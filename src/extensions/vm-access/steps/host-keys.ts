import { type HostKey, putHostKeysBack, readHostKeys, repairHostKeys } from '../../host/host-keys.ts'
import { defineStep } from '../step.ts'

const octal = (mode: number) => mode.toString(8)

export const repairKeys = defineStep<'repair-host-keys', readonly HostKey[]>({
  name: 'ssh',
  before: (_step, { accounts }) => readHostKeys(accounts.groups()),
  async apply(_step, keys, { accounts, run }) {
    await repairHostKeys(keys, run)
    if (keys.length === 0) {
      const made = readHostKeys(accounts.groups()).map(({ path }) => path)
      return {
        text: 'sshd had no host keys and got new ones; who knew this machine will be warned.',
        changes: made.map(what => ({ what, after: 'made' })),
      }
    }
    const open = keys.filter(({ mode, closed }) => mode !== closed)
    return {
      text: 'Host keys of sshd could be read by others, which is why it passed over them.',
      changes: open.map(({ path, mode, closed }) => ({
        what: `mode of ${path}`,
        before: octal(mode),
        after: octal(closed),
      })),
    }
  },
  async undo(_step, keys, { accounts }) {
    putHostKeysBack(keys, readHostKeys(accounts.groups()))
  },
})
