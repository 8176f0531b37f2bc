/**
 * Writes a user's file of keys over and over, with all that the extension does around it, while that user changes what
 * is in the way. Arguments: the user, and how many rounds. Prints how often it was done and how often refused.
 */

import { findAccount } from '../../src/extensions/host/account-files.ts'
import { readTextIfPresent } from '../../src/extensions/host/files.ts'
import {
  folderModes,
  readUserFile,
  removeUserFile,
  removeUserFolder,
  setFolderModes,
  strictModes,
  writeUserFile,
} from '../../src/extensions/host/user-files.ts'

const [name = '', rounds = '0'] = process.argv.slice(2)
const owner = findAccount(readTextIfPresent('/etc/passwd') ?? '', name)
if (!owner) throw new Error(`there is no user ${name}`)
const { home } = owner
const path = `${home}/.ssh/authorized_keys`
const count = { done: 0, refused: 0 }
for (let round = 0; round < Number(rounds); round++) {
  try {
    const modes = folderModes(owner, home, path)
    setFolderModes(owner, home, {
      ...strictModes(modes),
      ...(modes[`${home}/.ssh`] === undefined ? {} : { [`${home}/.ssh`]: 0o700 }),
    })
    const before = readUserFile(owner, home, path)
    writeUserFile(owner, home, path, {
      content: Buffer.from(`round ${round} ${before?.content.length}\n`),
      mode: 0o600,
    })
    if (round % 7 === 0) removeUserFile(owner, home, path)
    if (round % 11 === 0) removeUserFolder(owner, home, `${home}/.ssh`)
    count.done += 1
  } catch {
    // Whatever the reason: what counts is what has happened to the rest of the system.
    count.refused += 1
  }
  if (process.geteuid?.() !== 0) throw new Error('the rights of root were not taken back')
}
process.stdout.write(JSON.stringify(count))
