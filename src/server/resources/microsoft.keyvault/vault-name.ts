/** 3 to 24 letters, digits and hyphens, as Azure's names of vaults are. */
export const isVaultName = (name: string): boolean =>
  /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/i.test(name) && !name.includes('--')
