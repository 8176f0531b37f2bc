/**
 * The certificate authority of one data directory. Programs are told to trust it, so it is made once and never replaced
 * by itself, and its name constraints keep it from speaking for anything but the names that Lazuli answers.
 */

import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { createDurably, makeFolderDurably, readIfPresent } from '../store/durable-file.ts'
import type { LeafContent } from './issue.ts'
import { nameConstraintsOf } from './name-constraints.ts'
import {
  isPermitted,
  type NameList,
  namesOutside,
  normalName,
  type PermittedNames,
  permittedNames,
} from './permitted-names.ts'

export type LocalCa = {
  /** Path of the certificate, for `--cacert` and its like. */
  readonly certificateFile: string
  readonly certificate: X509Certificate
  /** The normal form of a name that this CA may speak for, otherwise undefined. */
  permittedName(name: string): string | undefined
  /** Signs a leaf certificate, which never outlives the CA. Throws for names outside the constraints. */
  issue(leaf: LeafContent): Promise<X509Certificate>
}

export type LocalCaOptions = {
  /** Made with mode 0700 when missing; holds `ca.key` and `ca.pem`. */
  readonly dir: string
  /** Real time, never a shifted clock: the peers who check certificates have clocks of their own. */
  readonly clock: Clock
  readonly names: NameList
}

const dayMs = 24 * 60 * 60 * 1000
const caLifeMs = 3653 * dayMs

/**
 * Opens the CA in `dir`, or makes it on first start. Several processes may do so at once and get the same CA.
 * Throws, with what to do, when the CA is damaged, expired, readable by everyone or made for fewer names.
 */
export async function openLocalCa({ dir, clock, names }: LocalCaOptions): Promise<LocalCa> {
  const permitted = permittedNames(names)
  const files = { key: join(dir, 'ca.key'), certificate: join(dir, 'ca.pem') }

  await makeFolderDurably(dir, { mode: 0o700 })
  const certificate = (await readCertificate(files)) ?? (await makeCa(files, permitted, clock.now()))
  const key = await readKey(files)

  if (!key) throw keyMissing(files)
  if (!certificate.checkPrivateKey(key)) throw keyOfAnotherCa(files)
  const outside = namesOutside(nameConstraintsOf(certificate), permitted)
  if (outside.length > 0) throw namesNotCovered(files, outside)
  assertValidAt(clock.now(), certificate, files)

  let issuer: Promise<(leaf: LeafContent) => Promise<X509Certificate>> | undefined
  const permittedName = (name: string) => {
    const normal = normalName(name)
    return normal !== undefined && isPermitted(permitted, normal) ? normal : undefined
  }

  return {
    certificateFile: files.certificate,
    certificate,
    permittedName,
    async issue(leaf) {
      assertValidAt(clock.now(), certificate, files)
      const foreign = leaf.names.find(name => permittedName(name) !== name)
      if (foreign !== undefined) throw new Error(`The local CA may not speak for "${foreign}".`)
      issuer ??= import('./issue.ts').then(({ createLeafIssuer }) => createLeafIssuer({ certificate, key }))
      const notAfterMs = Math.min(leaf.notAfterMs, certificate.validToDate.getTime())
      return (await issuer)({ ...leaf, notAfterMs })
    },
  }
}

type CaFiles = { readonly key: string; readonly certificate: string }

/**
 * The key is published first and the certificate last, both exactly once. After a crash in between, or a race, whoever
 * comes next finishes with the key that is there: nobody can have trusted a certificate yet.
 */
async function makeCa(files: CaFiles, permitted: PermittedNames, nowMs: number): Promise<X509Certificate> {
  await createDurably(files.key, newKeyPem(), { mode: 0o600 })
  const key = await readKey(files)
  if (!key) throw keyMissing(files)
  const { issueCaCertificate } = await import('./issue.ts')
  const validity = { notBeforeMs: nowMs - dayMs, notAfterMs: nowMs + caLifeMs }
  const certificate = await issueCaCertificate({ ...validity, key, permitted })
  const mine = await createDurably(files.certificate, certificate.toString(), { mode: 0o644 })
  return mine ? certificate : ((await readCertificate(files)) ?? certificate)
}

function newKeyPem(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
}

async function readCertificate(files: CaFiles): Promise<X509Certificate | undefined> {
  const pem = await readIfPresent(files.certificate)
  if (pem === undefined) return undefined
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw damaged(files.certificate, files, { cause })
  }
}

async function readKey(files: CaFiles): Promise<KeyObject | undefined> {
  const pem = await readIfPresent(files.key)
  if (pem === undefined) return undefined
  // Group bits are let pass: container volumes are often mounted with a group of their own.
  if (((await stat(files.key)).mode & 0o007) !== 0) throw keyOpenToEveryone(files)
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw damaged(files.key, files, { cause })
  }
}

function assertValidAt(nowMs: number, certificate: X509Certificate, files: CaFiles): void {
  if (nowMs < certificate.validFromDate.getTime() || nowMs > certificate.validToDate.getTime()) {
    throw outsideValidity(certificate, nowMs, files)
  }
}

const newCa = ({ key, certificate }: CaFiles) =>
  `delete ${key} and ${certificate} to get a new CA, which every program that trusts the old one must then be told to trust`

const keyMissing = (files: CaFiles) =>
  new Error(`${files.certificate} has no key beside it. Restore ${files.key} from a backup, or ${newCa(files)}.`)

const keyOfAnotherCa = (files: CaFiles) =>
  new Error(`${files.key} does not belong to ${files.certificate}. Restore both from one backup, or ${newCa(files)}.`)

const keyOpenToEveryone = (files: CaFiles) =>
  new Error(
    `Every user of this host can reach ${files.key}. If nobody did: chmod 600 ${files.key}; else ${newCa(files)}.`,
  )

const damaged = (path: string, files: CaFiles, options: ErrorOptions) =>
  new Error(`${path} is damaged. Restore it from a backup, or ${newCa(files)}.`, options)

const namesNotCovered = (files: CaFiles, names: readonly string[]) =>
  new Error(
    `The CA in ${files.certificate} was not made for ${names.join(', ')}. Go back to the names it was made for, or ${newCa(files)}.`,
  )

const outsideValidity = ({ validFromDate, validToDate }: X509Certificate, nowMs: number, files: CaFiles) =>
  new Error(
    `The CA in ${files.certificate} is valid from ${validFromDate.toISOString()} to ${validToDate.toISOString()}, ` +
      `but it is ${new Date(nowMs).toISOString()}. Correct the clock of this host, or ${newCa(files)}.`,
  )
