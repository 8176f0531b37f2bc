import { join } from 'node:path'
import type { Installation } from './installation.ts'

/** An installation as the command line sees it, without a server behind it. */
export const testInstallation = (directory: string): Installation => ({
  directory,
  server: { pid: 1, url: 'https://localhost:4443', port: 4443, domain: 'lazuli.localhost' },
  administrator: {
    tenantId: 'tenant',
    subscriptionId: 'subscription',
    clientId: 'client',
    clientSecret: 'secret',
    username: 'admin@lazuli.onmicrosoft.com',
    password: 'password',
  },
  caFile: join(directory, 'ca.pem'),
  caPem: '',
  bundleFile: join(directory, 'ca-bundle.pem'),
})
