/**
 * Installs one version and is killed before a step of it: `testing-killed.ts STATE VALUE CERTIFICATE VERSION STEP`, where
 * the certificate is JSON.
 */

import { readFileSync } from 'node:fs'
import { orderBundle } from '../../../certificate-bundle/chain.ts'
import { readPem } from '../../../certificate-bundle/pem.ts'
import { run } from '../../host/run.ts'
import { install } from './install.ts'
import { openRecords } from './records.ts'

const [state = '', valueFile = '', certificate = '', version = '', last = ''] = process.argv.slice(2)
const secret = { version, value: readFileSync(valueFile, 'utf8') }
let steps = 0
await install(JSON.parse(certificate), secret, {
  ...{ records: openRecords(state), run, decode: async text => orderBundle(readPem(text)) },
  before() {
    if (steps++ === Number(last)) process.kill(process.pid, 'SIGKILL')
  },
})
