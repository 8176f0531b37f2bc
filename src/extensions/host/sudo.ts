import { makeFolder, readTextIfPresent, removeDurably, statIfPresent, writeDurably } from './files.ts'
import { findProgram, type Run } from './run.ts'
import { includesFolder, sudoersFile, sudoersMode } from './sudoers.ts'

const mainFile = '/etc/sudoers'

export function readSudoers(): string {
  return readTextIfPresent(sudoersFile) ?? ''
}

/** Whether sudo reads the folder our file is in. True where there is no sudo at all, for then nothing is to be repaired. */
export function sudoReadsFolder(): boolean {
  const main = readTextIfPresent(mainFile)
  return main === undefined || includesFolder(main)
}

/** Replaces the rules of the shared file; an empty text removes it. sudo checks them first, and all its files after. */
export async function replaceSudoers(text: string, folder: string, run: Run): Promise<void> {
  const visudo = findProgram('visudo')
  // Somebody else's mistake in another file is no reason to fail: it was there before, and sudo passes over that file.
  const wasValid = visudo !== undefined && (await run(visudo, ['-c'], { anyExit: true })).exitCode === 0
  if (text.trim() === '') {
    removeDurably(sudoersFile)
  } else {
    if (visudo) await checkCandidate(visudo, text, folder, run)
    makeFolder('/etc/sudoers.d', { mode: 0o750 })
    await writeDurably(sudoersFile, text, { mode: sudoersMode }, { path: sudoersFile, run })
  }
  if (visudo && wasValid) await run(visudo, ['-c'])
}

/** Makes the main file read the folder. Azure's agent appends the same line, in the spelling that every sudo knows. */
export async function includeSudoersFolder(folder: string, run: Run): Promise<void> {
  const main = readTextIfPresent(mainFile)
  const status = statIfPresent(mainFile)
  if (main === undefined || !status || includesFolder(main)) return
  const text = `${main.endsWith('\n') ? main : `${main}\n`}#includedir /etc/sudoers.d\n`
  const visudo = findProgram('visudo')
  if (visudo) await checkCandidate(visudo, text, folder, run)
  const { mode, uid, gid } = status
  await writeDurably(mainFile, text, { mode: mode & 0o7777, uid, gid }, { path: mainFile, run })
}

async function checkCandidate(visudo: string, text: string, folder: string, run: Run): Promise<void> {
  const candidate = `${folder}/sudoers.candidate`
  await writeDurably(candidate, text, { mode: sudoersMode })
  try {
    await run(visudo, ['-c', '-f', candidate])
  } finally {
    removeDurably(candidate)
  }
}

/** What sudo itself says of a user's rights; undefined where there is no sudo. */
export async function listRights(user: string, run: Run): Promise<string | undefined> {
  if (!findProgram('sudo')) return undefined
  return (await run('sudo', ['-n', '-l', '-U', user], { anyExit: true })).stdout.toString('utf8')
}
