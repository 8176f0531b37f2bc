import { operation } from '../../../door/operation.ts'
import { reads, readsContainer, readsService } from '../access.ts'
import { empty } from '../answer.ts'
import { accountOf } from '../place.ts'

const places = [
  { path: '/:account', query: 'restype=account&comp=properties', access: readsService('getServiceProperties') },
  {
    path: '/:account/:container',
    query: 'restype=account&comp=properties',
    access: readsContainer('getContainerProperties'),
  },
  { path: '/:account/:container/:blob*', query: 'restype=account&comp=properties', access: reads('getBlob') },
]

/** What the account is, asked at any address in it. */
export const getAccountInformation = places.flatMap(({ path, query, access }) =>
  ['GET', 'HEAD'].map(method =>
    operation<'read'>({
      name: 'Microsoft.Storage/storageAccounts/blobServices/read',
      route: `${method} ${path}`,
      query,
      access,
      async run(cx) {
        const { rules } = await accountOf(cx)
        return empty(200, {
          'x-ms-sku-name': rules.sku,
          'x-ms-account-kind': rules.kind,
          'x-ms-is-hns-enabled': 'false',
        })
      },
    }),
  ),
)
