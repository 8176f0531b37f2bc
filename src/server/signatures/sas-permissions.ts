import type { Refusal } from './refusal.ts'
import type { Sas } from './sas.ts'

/**
 * Which letters of a shared access signature allow what. `new` are the letters that are enough for a blob that does not
 * exist yet; `service: false` is out of reach of signatures for a container or a blob, `account: false` of those for an
 * account.
 */
type Need = {
  /** What of an account is concerned: the service, a container, or an object in one. */
  readonly on: 's' | 'c' | 'o'
  readonly letters: string
  readonly new?: string
  readonly service?: false
  readonly account?: false
}

const needs = {
  listContainers: { on: 's', letters: 'l', service: false },
  getServiceProperties: { on: 's', letters: 'r', service: false },
  setServiceProperties: { on: 's', letters: 'w', service: false },
  getServiceStats: { on: 's', letters: 'r', service: false },
  findBlobsByTags: { on: 's', letters: 'f', service: false },
  createContainer: { on: 'c', letters: 'cw', service: false },
  getContainerProperties: { on: 'c', letters: 'r', service: false },
  setContainerMetadata: { on: 'c', letters: 'w', service: false },
  deleteContainer: { on: 'c', letters: 'd', service: false },
  restoreContainer: { on: 'c', letters: 'w', service: false },
  leaseContainer: { on: 'c', letters: 'w', service: false },
  breakContainerLease: { on: 'c', letters: 'wd', service: false },
  /** Only a key or a role reaches these. */
  containerAcl: { on: 'c', letters: '', service: false, account: false },
  listBlobs: { on: 'c', letters: 'l' },
  findBlobsByTagsInContainer: { on: 'c', letters: 'f' },
  getBlob: { on: 'o', letters: 'r' },
  putBlob: { on: 'o', letters: 'w', new: 'cw' },
  putBlock: { on: 'o', letters: 'w', new: 'cw' },
  putBlockList: { on: 'o', letters: 'w', new: 'cw' },
  putPage: { on: 'o', letters: 'w' },
  appendBlock: { on: 'o', letters: 'aw' },
  sealBlob: { on: 'o', letters: 'aw' },
  abortCopy: { on: 'o', letters: 'w' },
  setBlobProperties: { on: 'o', letters: 'w' },
  setBlobMetadata: { on: 'o', letters: 'w' },
  setBlobTier: { on: 'o', letters: 'w' },
  snapshotBlob: { on: 'o', letters: 'cw' },
  leaseBlob: { on: 'o', letters: 'w' },
  breakBlobLease: { on: 'o', letters: 'wd' },
  deleteBlob: { on: 'o', letters: 'd' },
  deleteBlobVersion: { on: 'o', letters: 'x' },
  undeleteBlob: { on: 'o', letters: 'w' },
  blobTags: { on: 'o', letters: 't' },
} satisfies Record<string, Need>

export type SasOperation = keyof typeof needs

/** Letters in the documented order, which signers must keep to. */
const order = { service: 'racwdxyltfmeopi', account: 'rwdxylacuptfi' }

/** `rcw`, but not `wrc`, `rr` or `z`. */
export function isOrderedPermission(kind: keyof typeof order, letters: string): boolean {
  const places = [...letters].map(letter => order[kind].indexOf(letter))
  return places.every((place, i) => place >= 0 && (i === 0 || place > (places[i - 1] ?? -1)))
}

/**
 * Whether the letters of a genuine signature allow an operation. Whether the blob exists is asked only of those to
 * whom it makes a difference.
 */
export async function refusePermission(
  sas: Sas,
  permission: string,
  operation: SasOperation,
  exists: () => boolean | Promise<boolean>,
): Promise<Refusal | undefined> {
  const need: Need = needs[operation]
  if (sas.kind === 'account') {
    if (!sas.field('ss').includes('b')) return { code: 'AuthorizationServiceMismatch' }
    if (!sas.field('srt').includes(need.on)) return { code: 'AuthorizationResourceTypeMismatch' }
    if (need.account === false) return { code: 'AuthorizationPermissionMismatch' }
  } else {
    if (need.service === false) return { code: 'AuthorizationPermissionMismatch' }
    // What is in a container can only be listed by what was signed for all of it.
    if (need.on === 'c' && !['c', 'd'].includes(sas.field('sr'))) return { code: 'AuthorizationPermissionMismatch' }
  }
  const has = (letters: string) => [...letters].some(letter => permission.includes(letter))
  if (has(need.letters)) return undefined
  if (need.new !== undefined && has(need.new) && !(await exists())) return undefined
  return { code: 'AuthorizationPermissionMismatch' }
}
