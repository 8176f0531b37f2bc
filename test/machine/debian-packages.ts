import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'

/** Kept between runs. The image has none of these: a machine is as lean for tests as for everybody. */
const folder = resolve(import.meta.dirname, '../../node_modules/.cache/lazuli/debian-packages')

/** The distribution's packages of these names, by the names of their files. */
export async function debianPackages(names: readonly string[]): Promise<Map<string, Buffer>> {
  await mkdir(folder, { recursive: true })
  const present = async () =>
    (await readdir(folder)).filter(file => names.some(name => file.startsWith(`${name}_`) && file.endsWith('.deb')))
  if ((await present()).length < names.length)
    await promisify(execFile)('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', ...names], { cwd: folder })
  const files = await present()
  return new Map(await Promise.all(files.map(async file => [file, await readFile(resolve(folder, file))] as const)))
}
