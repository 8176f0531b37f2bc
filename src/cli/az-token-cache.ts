import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno, readIfPresent, writeDurably } from '../server/store/durable-file.ts'
import { azureConfigFolder } from './environment.ts'

/**
 * Makes the `az` of `lazuli exec` ask for new access tokens, for the administrator and for whoever it acts as. az looks
 * at the real time only: after Lazuli's clock has moved, it would go on with tokens that are refused. Who is signed in
 * stays so, because sign-ins are in other sections of the same file.
 */
export async function forgetAzAccessTokens(directory: string): Promise<void> {
  for (const folder of [azureConfigFolder(directory), ...(await foldersIn(join(directory, 'azure-as')))]) {
    const file = join(folder, 'msal_token_cache.json')
    const text = await readIfPresent(file)
    if (text === undefined) continue
    const { AccessToken: _, ...rest } = JSON.parse(text)
    await writeDurably(file, JSON.stringify(rest), { mode: 0o600 })
  }
}

async function foldersIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).map(name => join(path, name))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}
