import type { Run } from './run.ts'

/**
 * What keeps the Node of this server, which machines' agents run on, from running in an image: usually a library that the
 * image lacks, in the words of its dynamic linker. Undefined when it runs. It is tried, in a mount namespace of its own, on
 * the place of a file that every image has.
 */
export async function nodeTrouble(imageRoot: string, nodePath: string, run: Run): Promise<string | undefined> {
  const place = '/etc/machine-id'
  const script = `mount --bind "$1" "$2${place}" && exec chroot "$2" ${place} --version`
  const args = ['--mount', 'sh', '-c', script, 'sh', nodePath, imageRoot]
  const { exitCode, stdout, stderr } = await run('unshare', args, { anyExit: true })
  if (exitCode === 0) return undefined
  const said = (stderr.trim() || stdout.trim() || `it ends with ${exitCode}`).split('\n')[0] ?? ''
  return said.replace(`${place}: `, '').replace(place, 'node')
}
