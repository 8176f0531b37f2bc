import { chmod, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Lets the owner run every file below a folder, as Azure's agent does: archives made elsewhere carry no modes. */
export async function makeExecutable(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await makeExecutable(path)
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode | 0o100)
  }
}
