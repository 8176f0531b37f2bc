/** The account of Azure's storage emulators, and its key, which both are printed in the documentation. */
export const account = 'devstoreaccount1'
export const key = Buffer.from(
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  'base64',
)
