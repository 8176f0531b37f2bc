import { operation } from '../../../door/operation.ts'
import { newEtag } from '../../../store/blob-etag.ts'
import { writesContainer } from '../access.ts'
import { empty, validators } from '../answer.ts'
import { metadataFrom } from '../metadata.ts'
import { checkContainerName } from '../names.ts'
import { accountOf } from '../place.ts'
import * as refusals from '../refusals.ts'
import { publicAccessFrom } from './public-access-header.ts'

export const createContainer = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/write',
  route: 'PUT /:account/:container',
  query: 'restype=container',
  access: writesContainer('createContainer'),
  async run(cx) {
    const name = cx.params.container ?? ''
    checkContainerName(name)
    const account = await accountOf(cx)
    const metadata = metadataFrom(cx)
    const publicAccess = publicAccessFrom(cx.request.headers, account)
    const made = await cx.store.write(tx =>
      tx.blobContainers.create(cx.grant, account, {
        name,
        etag: newEtag(),
        createdAt: cx.now,
        changedAt: cx.now,
        metadata,
        publicAccess,
        policies: [],
      }),
    )
    if (!made) throw refusals.containerAlreadyExists()
    return empty(201, validators(made))
  },
})
