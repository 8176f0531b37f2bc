import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { startIssuer } from './issuer.ts'
import { byOwnNames, runTests, throughTheProxy } from './ways.ts'

for (const [name, way] of [
  ['through the proxy', throughTheProxy()],
  ['by own names', byOwnNames],
] as const) {
  test(`the credentials of the identity SDK work ${name}`, async t => {
    const issuer = await startIssuer(t)
    // The server has to believe the issuer's certificate before it believes what it says.
    const lazuli = await startLazuli(t, { env: { NODE_EXTRA_CA_CERTS: issuer.caFile } })
    await runTests(t, lazuli, 'identity-credentials', way, {
      ISSUER: issuer.url,
      ISSUER_KEY_FILE: issuer.keyFile,
    })
  })
}
