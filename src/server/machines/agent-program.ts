import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromCheckout, isCheckout, madeOfSources } from '../checkout.ts'

/** Where the agent's program is: a folder for machines to see, and the file in it to start. */
export async function agentProgram(): Promise<{ folder: string; entry: string }> {
  const file = isCheckout
    ? await madeOfSources('agent/agent.mjs', ['src/agent', 'src/wire'], bundle)
    : fileURLToPath(new URL('agent/agent.mjs', import.meta.url))
  return { folder: dirname(file), entry: basename(file) }
}

// Node could run the sources as they are, in a machine too, but would need twice the memory for it.
async function bundle(draft: string): Promise<string> {
  const { packageAgent } = await fromCheckout<typeof import('../../../package-agent.ts')>('package-agent.ts')
  const file = join(draft, 'agent.mjs')
  await packageAgent(file)
  return file
}
