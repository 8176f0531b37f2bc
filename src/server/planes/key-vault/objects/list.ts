import type { Operation } from '../../../door/operation.ts'
import type { FoundVersion } from '../../../store/vault-objects.ts'
import { badParameter, notFound } from '../../../vaults/refusals.ts'
import { answer, type VaultContext, vaultOperation } from '../vault-operation.ts'
import { deletion, idOf, type Kind, placeOf } from './kind.ts'

const largestPage = 25

/** Lists of objects, of deleted ones, and of the versions of one. */
export const listOperations = (kind: Kind): Operation[] => [
  vaultOperation<'read'>({
    route: `GET /${kind.kind}`,
    action: kind.listAction,
    permission: `${kind.kind}/list`,
    verb: 'read',
    run: cx => listed(cx, kind, { deleted: false }),
  }),
  vaultOperation<'read'>({
    route: `GET /deleted${kind.kind}`,
    action: kind.listAction,
    permission: `${kind.kind}/list`,
    verb: 'read',
    run: cx => listed(cx, kind, { deleted: true }),
  }),
  vaultOperation<'read'>({
    route: `GET /${kind.kind}/:name/versions`,
    action: kind.listAction,
    permission: `${kind.kind}/list`,
    verb: 'read',
    at: kind.kind,
    async run(cx) {
      const place = placeOf(cx, kind.kind)
      const object = await cx.store.vaultObjects.get(cx.grant, place)
      if (!object || object.deletedAt !== undefined) throw notFound(kind.kind, cx.name)
      const { limit, after } = pageOf(cx)
      const found = await cx.store.vaultObjects.versions(cx.grant, place, { limit: limit + 1, after })
      return paged(
        cx,
        limit,
        found,
        version => version.version,
        version => kind.item({ ...cx, object, version }, idOf({ ...cx, object }, kind.kind, version.version)),
      )
    },
  }),
]

async function listed(cx: VaultContext<'read'>, kind: Kind, { deleted }: { deleted: boolean }): Promise<Response> {
  const { limit, after } = pageOf(cx)
  const where = { vault: cx.vault, kind: kind.kind, deleted }
  const found = await cx.store.vaultObjects.list(cx.grant, where, { limit: limit + 1, after })
  const isShown = (row: FoundVersion) => deleted || (kind.isListed?.(row, cx.url.searchParams) ?? true)
  return paged(
    cx,
    limit,
    found,
    ({ object }) => object.name.toLowerCase(),
    row => {
      const view = { ...cx, ...row }
      const item = kind.item(view, idOf(view, kind.kind))
      return deleted ? { ...item, ...deletion(view, kind.kind) } : item
    },
    isShown,
  )
}

/** `found` was asked for with one row more than the page holds: that row says whether there is more. */
function paged<Row>(
  cx: VaultContext,
  limit: number,
  found: readonly Row[],
  keyOf: (row: Row) => string,
  item: (row: Row) => Record<string, unknown>,
  isShown: (row: Row) => boolean = () => true,
): Response {
  const page = found.slice(0, limit)
  const last = page.at(-1)
  const nextLink = found.length > limit && last !== undefined ? nextPage(cx, limit, keyOf(last)) : null
  return answer(cx, { value: page.filter(isShown).map(item), nextLink })
}

function nextPage({ url, apiVersion }: VaultContext, limit: number, last: string): string {
  const next = new URL(url.pathname, url.origin)
  next.searchParams.set('api-version', apiVersion)
  next.searchParams.set('$skiptoken', Buffer.from(last).toString('base64url'))
  next.searchParams.set('maxresults', String(limit))
  const pending = url.searchParams.get('includePending')
  if (pending !== null) next.searchParams.set('includePending', pending)
  return next.href
}

function pageOf({ url }: VaultContext): { limit: number; after: string } {
  const asked = url.searchParams.get('maxresults')
  const limit = asked === null || asked === '' ? largestPage : Number(asked)
  if (!Number.isInteger(limit) || limit < 1 || limit > largestPage)
    throw badParameter(`maxresults must be between 1 and ${largestPage}`)
  return { limit, after: Buffer.from(url.searchParams.get('$skiptoken') ?? '', 'base64url').toString() }
}
