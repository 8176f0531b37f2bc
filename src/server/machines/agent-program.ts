import { fileURLToPath } from 'node:url'

/**
 * Where the agent's program is: a folder for machines to see, and the file in it to start. In a checkout these are the
 * sources, which Node runs as they are; in the published package it is one file beside the server's own.
 */
export const agentProgram = (): { folder: string; entry: string } =>
  import.meta.url.endsWith('.ts')
    ? { folder: fileURLToPath(new URL('../..', import.meta.url)), entry: 'agent/main.ts' }
    : { folder: fileURLToPath(new URL('agent', import.meta.url)), entry: 'agent.mjs' }
