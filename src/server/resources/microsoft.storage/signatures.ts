import * as z from 'zod'
import { checked } from '../../arm/envelope.ts'
import type { ResourceAction } from '../../arm/resource-type.ts'
import { readJson } from '../../door/body.ts'
import type { Context } from '../../door/operation.ts'
import { isHeaderValue } from '../../header-value.ts'
import { ipRange } from '../../signatures/ip-range.ts'
import { makeAccountSas, makeServiceSas } from '../../signatures/make-sas.ts'
import { isOrderedPermission } from '../../signatures/sas-permissions.ts'
import { formatSasTime, parseSasTime } from '../../signatures/sas-time.ts'
import type { StorageAccount } from '../../store/storage-accounts.ts'
import { invalidValues } from './errors.ts'
import { accountOf } from './keys.ts'

/** Signatures made with a key of the account for who may have them made, which is as good as having the key. */

const lines = z.string().regex(/^[^\n]*$/)
const header = z.string().refine(isHeaderValue, 'it is no value of a header')
const shared = {
  signedIp: lines.optional(),
  signedProtocol: z.string().optional(),
  signedStart: z.string().optional(),
  keyToSign: z.string().optional(),
}

const serviceWish = z.looseObject({
  ...shared,
  canonicalizedResource: z.string().optional(),
  signedResource: z.string().optional(),
  signedPermission: z.string().optional(),
  signedExpiry: z.string().optional(),
  signedIdentifier: lines.max(64).optional(),
  rscc: header.optional(),
  rscd: header.optional(),
  rsce: header.optional(),
  rscl: header.optional(),
  rsct: header.optional(),
})

/** For one container, or one blob of it. */
export const listServiceSas: ResourceAction = {
  async run(cx, resource) {
    const wish = checked(serviceWish, await readJson(cx.request))
    const account = await accountOf(cx, resource)
    const place = placeIn(wish.canonicalizedResource, account)
    const sr = wish.signedResource ?? (place.blob === undefined ? 'c' : 'b')
    if (sr !== (place.blob === undefined ? 'c' : 'b')) throw invalidValues('signedResource')
    const { signedIdentifier: si, signedExpiry, signedPermission } = wish
    if (si === undefined && signedExpiry === undefined) throw invalidValues('signedExpiry')
    if (si === undefined && signedPermission === undefined) throw invalidValues('signedPermission')
    if (signedPermission !== undefined && !isOrderedPermission('service', signedPermission))
      throw invalidValues('signedPermission')
    const { rscc, rscd, rsce, rscl, rsct } = wish
    const times = timesOf({ ...wish, startToo: signedExpiry !== undefined }, cx.now)
    const given = { ...times, sp: signedPermission, si, ...senderOf(wish), rscc, rscd, rsce, rscl, rsct }
    return Response.json({
      serviceSasToken: makeServiceSas(await keyFor(cx, account, wish.keyToSign), place, { sr, ...whatIsGiven(given) }),
    })
  },
}

const accountWish = z.looseObject({
  ...shared,
  signedServices: z.string(),
  signedResourceTypes: z.string(),
  signedPermission: z.string(),
  signedExpiry: z.string(),
})

export const listAccountSas: ResourceAction = {
  async run(cx, resource) {
    const wish = checked(accountWish, await readJson(cx.request))
    const account = await accountOf(cx, resource)
    const { signedServices: ss, signedResourceTypes: srt, signedPermission: sp } = wish
    if (!/^[bqtf]{1,4}$/.test(ss)) throw invalidValues('signedServices')
    if (!/^[sco]{1,3}$/.test(srt)) throw invalidValues('signedResourceTypes')
    if (!isOrderedPermission('account', sp)) throw invalidValues('signedPermission')
    const given = { ...timesOf({ ...wish, startToo: false }, cx.now), ...senderOf(wish) }
    const key = await keyFor(cx, account, wish.keyToSign)
    return Response.json({
      accountSasToken: makeAccountSas(key, account.name, { ss, srt, sp, ...whatIsGiven(given) }),
    })
  },
}

type Given = Readonly<Record<string, string | undefined>>

const whatIsGiven = (given: Given) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))

/** `/blob/account/container` or `/blob/account/container/blob`. */
function placeIn(text: string | undefined, account: StorageAccount) {
  const [, service, name, container = '', ...rest] = (text ?? '').split('/')
  const isOurs = service === 'blob' && name === account.name && /^[a-z0-9$-]{3,63}$/.test(container)
  const blob = rest.join('/')
  if (!isOurs || /\n/.test(blob)) throw invalidValues('canonicalizedResource')
  return { account: account.name, container, ...(blob === '' ? {} : { blob }) }
}

type Times = { signedStart?: string | undefined; signedExpiry?: string | undefined; startToo: boolean }

/** A service signature says from when it is good also when nobody asked, a little before now for slow clocks. */
function timesOf({ signedStart, signedExpiry, startToo }: Times, now: number): Given {
  const time = (name: string, text: string | undefined) => {
    const at = text === undefined ? undefined : Date.parse(text)
    if (at !== undefined && (Number.isNaN(at) || parseSasTime(formatSasTime(at)) === undefined))
      throw invalidValues(name)
    return at
  }
  const expiry = time('signedExpiry', signedExpiry)
  const start = time('signedStart', signedStart) ?? (startToo ? now : undefined)
  if (expiry !== undefined && (start ?? now) >= expiry) throw invalidValues('signedExpiry')
  return {
    st: start === undefined ? undefined : formatSasTime(start),
    se: expiry === undefined ? undefined : formatSasTime(expiry),
  }
}

function senderOf({
  signedIp,
  signedProtocol,
}: {
  signedIp?: string | undefined
  signedProtocol?: string | undefined
}) {
  if (signedIp !== undefined && !ipRange(signedIp)) throw invalidValues('signedIp')
  if (signedProtocol !== undefined && !['https', 'https,http'].includes(signedProtocol))
    throw invalidValues('signedProtocol')
  return { sip: signedIp, spr: signedProtocol }
}

async function keyFor(cx: Context, account: StorageAccount, name = 'key1'): Promise<Uint8Array> {
  const key = (await cx.store.storageAccounts.keys(cx.grant, account)).find(one => one.name === name)
  if (!key) throw invalidValues('keyToSign')
  return key.value
}
