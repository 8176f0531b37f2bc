import type { Context, Operation } from '../../door/operation.ts'
import { throttled } from '../../vaults/refusals.ts'

/**
 * How much Azure takes in ten seconds, of a vault and of a subscription. Off unless an installation asks for it, so that
 * a program can be tried against what it will meet there.
 */
const windowMs = 10_000
const subscriptionFactor = 5

const vaultActions = 'Microsoft.KeyVault/vaults/'

type Share = { readonly name: string; readonly most: number }

const makingKeys: Share = { name: 'making keys', most: 20 }
const writing: Share = { name: 'writing', most: 300 }
const usingKeys: Share = { name: 'using keys', most: 4000 }
const others: Share = { name: 'others', most: 4000 }

const shares: Readonly<Record<string, Share>> = {
  'keys/create/action': makingKeys,
  'keys/import/action': writing,
  'secrets/setSecret/action': writing,
  'certificates/import/action': writing,
  ...Object.fromEntries(
    ['encrypt', 'decrypt', 'wrap', 'unwrap', 'sign', 'verify'].map(use => [`keys/${use}/action`, usingKeys]),
  ),
}

/** The operation, refused while its share of the vault or of the subscription is used up. What is refused is not counted. */
export function azureLimits(): (operation: Operation) => Operation {
  const taken = new Map<string, number>()
  let window = 0

  const take = (cx: Context, { name, most }: Share) => {
    const current = Math.floor(cx.now / windowMs)
    if (current !== window) taken.clear()
    window = current
    const [, subscription = ''] = /^\/subscriptions\/([^/]+)/.exec(cx.params.vaultId ?? '') ?? []
    const counts = [
      { key: `${name} of vault ${cx.params.vault?.toLowerCase()}`, most },
      { key: `${name} of ${subscription}`, most: most * subscriptionFactor },
    ]
    const used = counts.map(({ key }) => taken.get(key) ?? 0)
    if (counts.some((count, at) => (used[at] ?? 0) >= count.most)) {
      throw throttled(Math.ceil(((window + 1) * windowMs - cx.now) / 1000))
    }
    for (const { key } of counts) taken.set(key, (taken.get(key) ?? 0) + 1)
  }

  return operation => {
    const share = shares[operation.name.replace(vaultActions, '')] ?? others
    return {
      ...operation,
      run(cx) {
        take(cx, share)
        return operation.run(cx)
      },
    }
  }
}
