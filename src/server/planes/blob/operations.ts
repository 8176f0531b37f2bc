import type { Operation } from '../../door/operation.ts'
import { inContainer, tagActions } from './access.ts'
import { getAccountInformation } from './account/account-information.ts'
import { batch } from './account/batch.ts'
import { preflight } from './account/cors.ts'
import { findBlobs, findBlobsInContainer } from './account/find-blobs.ts'
import { listContainers } from './account/list-containers.ts'
import { getServiceProperties, setServiceProperties } from './account/service-properties.ts'
import { getServiceStats } from './account/service-stats.ts'
import { getUserDelegationKey } from './account/user-delegation-key.ts'
import { appendBlock } from './appends/append-block.ts'
import { sealBlob } from './appends/seal-blob.ts'
import { abortCopy } from './blobs/abort-copy.ts'
import { getBlobMetadata, setBlobMetadata } from './blobs/blob-metadata.ts'
import { getBlobTags, setBlobTags } from './blobs/blob-tags.ts'
import { deleteBlob } from './blobs/delete-blob.ts'
import { deleteBlobVersion } from './blobs/delete-blob-version.ts'
import { getBlob, getBlobProperties } from './blobs/get-blob.ts'
import { leaseBlob } from './blobs/lease-blob.ts'
import { putBlob } from './blobs/put-blob.ts'
import { setBlobProperties } from './blobs/set-blob-properties.ts'
import { setBlobTier } from './blobs/set-blob-tier.ts'
import { snapshotBlob } from './blobs/snapshot-blob.ts'
import { undeleteBlob } from './blobs/undelete-blob.ts'
import { getBlockList } from './blocks/get-block-list.ts'
import { putBlock } from './blocks/put-block.ts'
import { putBlockList } from './blocks/put-block-list.ts'
import { getContainerAcl, setContainerAcl } from './containers/container-acl.ts'
import { createContainer } from './containers/create-container.ts'
import { deleteContainer } from './containers/delete-container.ts'
import { getContainer, getContainerMetadata } from './containers/get-container.ts'
import { leaseContainer } from './containers/lease-container.ts'
import { listBlobs } from './containers/list-blobs.ts'
import { setContainerMetadata } from './containers/set-container-metadata.ts'
import { getPageRanges } from './pages/page-list.ts'
import { putPage } from './pages/put-page.ts'
import { refuseOtherMeaning } from './query.ts'

/** One line for each operation. */
const all: readonly Operation[] = [
  listContainers,
  getServiceProperties,
  setServiceProperties,
  getServiceStats,
  getUserDelegationKey,
  findBlobs,
  ...getAccountInformation,
  ...batch,
  ...preflight,

  createContainer,
  ...getContainer,
  ...getContainerMetadata,
  setContainerMetadata,
  ...getContainerAcl,
  setContainerAcl,
  leaseContainer,
  deleteContainer,
  listBlobs,
  findBlobsInContainer,

  putBlob,
  getBlob,
  getBlobProperties,
  setBlobProperties,
  ...getBlobMetadata,
  setBlobMetadata,
  getBlobTags,
  setBlobTags,
  leaseBlob,
  snapshotBlob,
  abortCopy,
  setBlobTier,
  deleteBlob,
  deleteBlobVersion,
  undeleteBlob,

  putBlock,
  putBlockList,
  getBlockList,
  appendBlock,
  sealBlob,
  putPage,
  getPageRanges,
]

/**
 * What all of them begin with. Whether a condition about tags holds tells what they are: who sets one has to have the
 * right to read them.
 */
export const operations: readonly Operation[] = all.map(operation => ({
  ...operation,
  async run(cx) {
    refuseOtherMeaning(operation, cx.url)
    if (cx.request.headers.has('x-ms-if-tags'))
      await cx.authorize('read', tagActions.read, inContainer(cx.params), 'data')
    return operation.run(cx)
  },
}))
