import type { Parts } from '../../parts.ts'

/** Azure's public name, which works under the proxy and in machines, where most clients are. */
export const vaultAddress = (_parts: Pick<Parts, 'config'>, name: string): string =>
  `https://${name.toLowerCase()}.vault.azure.net/`
