/**
 * Puts one version of a certificate into its store. Whenever this ends or is killed, the link leads to a whole file: the
 * old one or the new one. Read `install` first.
 */

import { X509Certificate } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { renderBundle, renderCertificates, renderKey } from '../../../certificate-bundle/bundle.ts'
import type { CertificateBundle } from '../../../certificate-bundle/chain.ts'
import { orderBundle } from '../../../certificate-bundle/chain.ts'
import { BundleFailure } from '../../../certificate-bundle/failure.ts'
import { readPem } from '../../../certificate-bundle/pem.ts'
import type { AclSubject } from '../../host/acl.ts'
import { contentHash } from '../../host/files.ts'
import type { Run } from '../../host/run.ts'
import type { ObservedCertificate } from '../settings/wish.ts'
import type { Secret } from '../vault/secrets.ts'
import { type BeforeStep, draftPattern, type Folder, openFolder, readOwnFile } from './folder.ts'
import { closedFolders, existing, reconcile } from './readers.ts'
import type { Records, Renewal } from './records.ts'

export type Installed = {
  /** The path of the file of this version. */
  readonly file: string
  readonly isWritten: boolean
  /** Present when the link leads elsewhere now. */
  readonly renewal: Renewal | undefined
  /** Who may pass through the folder for the sake of this certificate. */
  readonly subjects: readonly AclSubject[]
  readonly remarks: readonly string[]
}

export type StoreParts = {
  readonly records: Records
  readonly run: Run
  readonly decode: (value: string) => Promise<CertificateBundle>
  readonly before?: BeforeStep
}

export const linkPath = ({ store, link }: Pick<ObservedCertificate, 'store' | 'link'>) => `${store}/${link}`
export const fileName = ({ url }: Pick<ObservedCertificate, 'url'>, version: string) =>
  `${url.vault}.${url.name}.${version}`
const splitOf = (name: string) => `${name}.split`

/** Throws BundleFailure or StoreFailure, or what the file system says. */
export async function install(certificate: ObservedCertificate, secret: Secret, parts: StoreParts): Promise<Installed> {
  const { records, before } = parts
  const { link } = certificate
  const name = fileName(certificate, secret.version)
  // Decoding comes first: of what cannot be read, not even the folder is made.
  const known = records.files[`${certificate.store}/${name}`]
  let bundle = known?.value === contentHash(secret.value) ? undefined : await parts.decode(secret.value)
  const bundleOnce = async () => {
    bundle ??= await parts.decode(secret.value)
    return bundle
  }
  const folder = openFolder(certificate.store, before)
  try {
    const readers = await existing(certificate.readers, parts.run)
    const passing = await letPass(certificate, readers.subjects, parts)
    const isWritten = await ensureFile(folder, name, { secret, bundle: bundleOnce, readers: readers.subjects }, parts)
    const onFile = await applyReaders(folder, name, readers.subjects, parts)
    if (certificate.splitFiles) await ensureSplit(folder, name, bundleOnce, readers.subjects, parts)
    const from = folder.linkTarget(link)
    if (
      certificate.splitFiles &&
      folder.linkTarget(splitOf(link)) !== splitOf(name) &&
      !isRejected(certificate, secret, records)
    )
      folder.link(splitOf(link), splitOf(name))
    const remarks = [...readers.remarks, ...passing, ...onFile]
    const done = { file: `${folder.path}/${name}`, isWritten, subjects: readers.subjects, remarks }
    if (from === name || isRejected(certificate, secret, records)) return { ...done, renewal: undefined }
    const before = records.renewals[linkPath(certificate)]
    // Of a version whose consequences have not been drawn yet, nobody knows that it is good to go back to.
    const renewal: Renewal = { from: before?.to === from ? before?.from : from, to: name }
    if (certificate.afterRenewal || certificate.verify) {
      // Before the swap: what has to follow it must follow also when this process does not live to see it.
      records.renewals[linkPath(certificate)] = renewal
      await records.save()
    }
    folder.link(link, name)
    return { ...done, renewal }
  } finally {
    folder.close()
  }
}

export const isRejected = (certificate: ObservedCertificate, { version }: Pick<Secret, 'version'>, records: Records) =>
  records.rejected[linkPath(certificate)] === version

export type InstalledVersion = {
  readonly version: string
  readonly file: string
  readonly notBefore: Date
  readonly notAfter: Date
}

/** Where the link leads now; undefined when that is no version of this certificate, or it cannot be read. */
export function installedVersion(certificate: ObservedCertificate): InstalledVersion | undefined {
  try {
    const name = readlinkSync(linkPath(certificate))
    const prefix = fileName(certificate, '')
    const version = name.startsWith(prefix) ? name.slice(prefix.length) : ''
    if (!/^[0-9a-f]{32}$/i.test(version)) return undefined
    const file = `${certificate.store}/${name}`
    const { validFrom, validTo } = new X509Certificate(readOwnFile(file))
    return { version, file, notBefore: new Date(validFrom), notAfter: new Date(validTo) }
  } catch {
    // Whatever is wrong with it, the next poll finds out and repairs it.
    return undefined
  }
}

/** Has the link lead to a file that is there already. */
export function linkTo(certificate: ObservedCertificate, name: string): void {
  const folder = openFolder(certificate.store)
  try {
    if (certificate.splitFiles && folder.names().includes(splitOf(name)))
      folder.link(splitOf(certificate.link), splitOf(name))
    folder.link(certificate.link, name)
  } finally {
    folder.close()
  }
}

/** Removes what killed processes have left of files that were being made here, and nothing else. */
export function removeDrafts(certificates: readonly ObservedCertificate[]): void {
  for (const store of new Set(certificates.map(one => one.store))) {
    const own = certificates.filter(one => one.store === store)
    const folder = openFolder(store)
    try {
      for (const name of folder.names()) {
        const of = draftPattern.exec(name)?.groups?.of
        if (of !== undefined && own.some(one => isOurs(of, one))) folder.remove(name)
      }
    } finally {
      folder.close()
    }
  }
}

const isOurs = (name: string, one: ObservedCertificate) =>
  name === one.link || name === splitOf(one.link) || name.startsWith(`${one.url.vault}.${one.url.name}.`)

type Wanted = {
  readonly secret: Secret
  readonly bundle: () => Promise<CertificateBundle>
  readonly readers: readonly string[]
}

/** Writes the file unless it is there, whole. Returns whether it was written. */
async function ensureFile(
  folder: Folder,
  name: string,
  wanted: Wanted,
  { records, run }: StoreParts,
): Promise<boolean> {
  const path = `${folder.path}/${name}`
  const known = records.files[path]
  const value = contentHash(wanted.secret.value)
  const text = folder.read(name)
  if (text !== undefined && known?.value === value && known.content === contentHash(text)) return false
  const bundle = await wanted.bundle()
  const content = renderBundle(bundle)
  // An older version's file is left as it is, unless it is torn: whoever uses it may depend on how it looks.
  const isKept = text !== undefined && (text === content || (!known && isWhole(text, bundle)))
  if (isKept) {
    records.files[path] = { value, content: contentHash(text), readers: known?.readers ?? [] }
    return false
  }
  let granted: readonly string[] = []
  await folder.write(name, content, async draft => {
    granted = (await reconcile(draft, { made: [], wanted: wanted.readers }, 'r', run)).subjects
  })
  records.files[path] = { value, content: contentHash(content), readers: granted }
  return true
}

function isWhole(text: string, { chain: [leaf] }: CertificateBundle): boolean {
  try {
    return orderBundle(readPem(text)).chain[0].raw.equals(leaf.raw)
  } catch (error) {
    if (error instanceof BundleFailure) return false
    throw error
  }
}

/** All versions that are there: who may no longer read the newest may not read the others either. */
async function applyReaders(folder: Folder, newest: string, wanted: readonly string[], { records, run }: StoreParts) {
  const prefix = `${folder.path}/${newest.slice(0, newest.lastIndexOf('.') + 1)}`
  const remarks: string[] = []
  for (const [path, record] of Object.entries(records.files)) {
    const name = path.slice(folder.path.length + 1)
    const isNewest = name === newest
    if (!path.startsWith(prefix) || name.includes('/')) continue
    const hold = isNewest ? wanted : record.readers.filter(one => wanted.includes(one))
    if (sameMembers(record.readers, hold)) continue
    await folder.withFile(name, async file => {
      const done = await reconcile(file, { made: record.readers, wanted: hold }, 'r', run)
      records.files[path] = { ...record, readers: done.subjects }
      remarks.push(...done.remarks)
    })
  }
  return remarks
}

const sameMembers = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every(one => b.includes(one))

/** Certificate, issuers and key as files of their own, in a folder for each version, so that one link swaps all three. */
async function ensureSplit(
  folder: Folder,
  name: string,
  bundle: () => Promise<CertificateBundle>,
  readers: readonly string[],
  { records, run }: StoreParts,
): Promise<void> {
  const inner = folder.inner(splitOf(name))
  try {
    const parts = ['certificate.pem', 'chain.pem', 'key.pem'] as const
    for (const part of parts) {
      const path = `${inner.path}/${part}`
      const text = inner.read(part)
      if (text === undefined || records.files[path]?.content !== contentHash(text)) {
        const { chain, key } = await bundle()
        const [leaf, ...issuers] = chain
        const contents = {
          'certificate.pem': renderCertificates([leaf]),
          'chain.pem': renderCertificates(issuers),
          'key.pem': renderKey(key),
        }
        const content = contents[part]
        if (text !== content) await inner.write(part, content, async () => undefined)
        records.files[path] = { value: '', content: contentHash(content), readers: [] }
      }
      const record = records.files[path]
      if (!record || sameMembers(record.readers, readers)) continue
      await inner.withFile(part, async file => {
        const done = await reconcile(file, { made: record.readers, wanted: readers }, 'r', run)
        records.files[path] = { ...record, readers: done.subjects }
      })
    }
    const made = records.folders[inner.path] ?? []
    if (!sameMembers(made, readers))
      records.folders[inner.path] = (await reconcile(inner.handle, { made, wanted: readers }, 'rx', run)).subjects
  } finally {
    inner.close()
  }
}

/** A grant on a file is of no use while a folder above it is closed. What is foreign is named, not changed. */
async function letPass(
  { store }: ObservedCertificate,
  readers: readonly string[],
  { records, run }: StoreParts,
): Promise<string[]> {
  if (readers.length === 0) return []
  const { own, foreign } = closedFolders(store)
  const remarks = foreign.map(
    path => `${path} lets nobody but its owner pass, so the file cannot be reached by its readers`,
  )
  for (const path of [...own].reverse()) {
    const made = records.folders[path] ?? []
    const wanted = [...new Set([...made, ...readers])]
    if (sameMembers(made, wanted)) continue
    const done = await reconcile(path, { made, wanted }, 'x', run)
    records.folders[path] = done.subjects
    remarks.push(...done.remarks)
  }
  return remarks
}
