/** Certificates for tests, made by openssl, which also makes PKCS #12 in all the ways in which others make it. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type TestAuthority = {
  readonly folder: string
  /** Runs openssl in the folder. */
  openssl(...args: string[]): Buffer
  read(file: string): string
  write(file: string, content: string): void
  /** Makes `<name>.key` and `<name>.crt`, certified by the intermediate; returns the serial number in hexadecimal. */
  issue(name: string, options?: { kind?: 'rsa' | 'ec'; days?: number; host?: string }): string
  close(): void
}

const authorityExtensions = 'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n'

/**
 * `root`, `intermediate`, and `crossed`: the same intermediate, certified by `other`, which is a root as well. They are
 * files with the ending .crt in a folder of their own.
 */
export function openTestAuthority(): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'lazuli-authority-'))
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  const write = (file: string, content: string) => writeFileSync(join(folder, file), content)
  let serial = 0x1000

  function request(name: string, kind: 'rsa' | 'ec', subject: string): void {
    const parameters = kind === 'ec' ? ['-pkeyopt', 'ec_paramgen_curve:P-256'] : []
    const key = ['-newkey', kind === 'ec' ? 'ec' : 'rsa:2048', ...parameters, '-nodes', '-keyout', `${name}.key`]
    openssl('req', '-new', ...key, '-subj', subject, '-out', `${name}.csr`)
  }
  function certify(request: string, by: string, extensions: string, { days = 90, out = request } = {}): string {
    const number = (serial++).toString(16).toUpperCase()
    write(`${out}.ext`, extensions)
    const signer = by === request ? ['-signkey', `${by}.key`] : ['-CA', `${by}.crt`, '-CAkey', `${by}.key`]
    const files = ['-in', `${request}.csr`, '-extfile', `${out}.ext`, '-out', `${out}.crt`]
    openssl('x509', '-req', ...files, ...signer, '-set_serial', `0x${number}`, '-days', String(days))
    return number
  }

  for (const [name, subject] of [['root', '/CN=Root'] as const, ['other', '/CN=Other Root'] as const]) {
    request(name, 'ec', subject)
    certify(name, name, authorityExtensions)
  }
  request('intermediate', 'ec', '/CN=Intermediate')
  certify('intermediate', 'root', authorityExtensions)
  certify('intermediate', 'other', authorityExtensions, { out: 'crossed' })

  return {
    ...{ folder, openssl, read, write },
    issue(name, { kind = 'rsa', days = 30, host = `${name}.example.test` } = {}) {
      request(name, kind, `/CN=${host}`)
      return certify(name, 'intermediate', `subjectAltName=DNS:${host}\nextendedKeyUsage=serverAuth\n`, { days })
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
