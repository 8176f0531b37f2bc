/** Vaults with what is in them, made, changed, deleted, taken back and destroyed; and what became of it. */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { claimsOf } from '../contract/curl.ts'
import type { Lazuli, SendOptions } from '../start.ts'
import { type Body, everything, groupVersion, location, tagged, tagOf, until, type Writer } from './changes.ts'
import { absent, deleted, something } from './ledger.ts'

export const vaultKinds = ['secrets', 'keys', 'certificates'] as const
type Kind = (typeof vaultKinds)[number]
const vaultVersion = 'api-version=2023-07-01'
const version = 'api-version=7.4'
const audience = 'https://vault.azure.net'

/** Whose vault it is stands in its name, so that only a list that can have something in it is asked for. */
const kindIn = (vault: string) => vaultKinds.find(kind => vault.includes(kind))

type Shown = {
  readonly id?: string
  readonly key?: { readonly kid: string }
  /** Of a key in a list. */
  readonly kid?: string
  readonly value?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly status?: string
}

const versionOf = ({ id, key }: Shown) => (id ?? key?.kid ?? '').split('/').at(-1) ?? ''
const versionAndTag = (shown: Shown) => `${versionOf(shown)} ${tagOf(shown)}`

/** How a vault is asked, by its own name, at the server's address. */
const asKeeper = ({ env, url }: Lazuli, vault: string, token: string): SendOptions => ({
  token,
  headers: { host: `${vault}.vault.${env.domain}:${new URL(url).port}` },
})

/** Makes a group with a vault. Returns their ids, and how one thing in the vault is changed. */
async function newVault({ lazuli, ledger, send, name }: Writer, number: number) {
  const vaultName = `${name}-${number}`
  const group = `${lazuli.subscription}/resourceGroups/${vaultName}`
  const vault = `${group}/providers/Microsoft.KeyVault/vaults/${vaultName}`
  const { tenantId } = lazuli.env
  const token = await lazuli.token(audience)
  const all = ['all', 'purge']
  const policy = {
    ...{ tenantId, objectId: String(claimsOf(token).oid) },
    permissions: { secrets: all, keys: all, certificates: all },
  }
  const properties = { tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies: [policy] }
  await ledger.change([group], send('PUT', `${group}?${groupVersion}`, tagOf, tagged('first')), 'first')
  await ledger.change(
    [vault],
    send<Body>('PUT', `${vault}?${vaultVersion}`, ({ id }) => id, { location, properties }),
    vault,
  )
  const to = asKeeper(lazuli, vaultName, token)
  const thing = (kind: Kind, name: string) => {
    const id = `${vault}/${kind}/${name}`
    return {
      id,
      /** `read` says the state after it; what is to be expected is that state, as far as it is known before. */
      change: (
        method: string,
        below: string,
        { read, body, expected }: { read: (shown: Shown) => string; body?: unknown; expected?: string },
      ) =>
        ledger.change(
          [id],
          send(method, `/${kind}/${name}${below}?${version}`, read, body, to),
          ...(expected === undefined ? [] : [expected]),
        ),
      async deleteAndRecover(state: string): Promise<void> {
        await this.delete()
        const path = `/deleted${kind}/${name}/recover?${version}`
        await ledger.change(
          [id],
          send('POST', path, () => state, undefined, to),
          state,
        )
      },
      delete: () =>
        ledger.change(
          [id],
          send('DELETE', `/${kind}/${name}?${version}`, () => deleted, undefined, to),
          deleted,
        ),
      purge: () =>
        ledger.change(
          [id],
          send('DELETE', `/deleted${kind}/${name}?${version}`, () => absent, undefined, to),
          absent,
        ),
    }
  }
  const get = (path: string) => lazuli.arm<Shown>('GET', `${path}?${version}`, to)
  return { group, vault, thing, get }
}

/** In ever new vaults a secret, which goes in one way or another. */
export async function writeSecrets(writer: Writer): Promise<void> {
  const { ledger, send } = writer
  for (let number = 0; ; number++) {
    const { group, vault, thing } = await newVault(writer, number)
    const secret = thing('secrets', 's')
    for (const value of ['one', 'two'])
      await secret.change('PUT', '', { read: shown => String(shown.value), body: { value }, expected: value })
    await secret.deleteAndRecover('two')
    const gone = (id: string, version: string) => send('DELETE', `${id}?${version}`, () => absent)
    if (number % 4 === 0) await ledger.change([vault, secret.id], gone(vault, vaultVersion), absent)
    if (number % 4 === 1) await ledger.change([group, vault, secret.id], gone(group, groupVersion), absent)
    if (number % 4 === 2) {
      await secret.delete()
      await secret.purge()
    }
  }
}

const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })

/** In one vault ever new keys. */
export async function writeKeys(writer: Writer): Promise<void> {
  const { thing } = await newVault(writer, 0)
  for (let number = 0; ; number++) {
    const key = thing('keys', `k${number}`)
    const made = await (number % 2 === 0
      ? key.change('POST', '/create', { read: versionAndTag, body: { kty: 'EC', crv: 'P-256' } })
      : key.change('PUT', '', { read: versionAndTag, body: { key: jwk } }))
    const second = `${made.trim()} second`
    await key.change('PATCH', `/${made.trim()}`, { read: versionAndTag, body: tagged('second'), expected: second })
    const rotated = await key.change('POST', '/rotate', { read: versionAndTag })
    await key.deleteAndRecover(rotated)
    if (number % 3 !== 0) continue
    await key.delete()
    await key.purge()
  }
}

const policy = {
  key_props: { kty: 'EC', crv: 'P-256' },
  secret_props: { contentType: 'application/x-pem-file' },
  x509_props: { subject: 'CN=a' },
  issuer: { name: 'Lazuli' },
}

/** In one vault ever new certificates: promised, and issued by this server or the next. */
export async function writeCertificates(writer: Writer): Promise<void> {
  const { thing, get } = await newVault(writer, 0)
  for (let number = 0; ; number++) {
    const name = `c${number}`
    const certificate = thing('certificates', name)
    await certificate.change('POST', '/create', { read: () => something, body: { policy } })
    await until(() => get(`/certificates/${name}/pending`), isSettled)
    await certificate.change('PATCH', '', { read: versionAndTag, body: tagged('second') })
    const { body } = await get(`/secrets/${name}`)
    const imported = await certificate.change('POST', '/import', { read: versionAndTag, body: { value: body.value } })
    await certificate.deleteAndRecover(imported)
    if (number % 3 !== 0) continue
    await certificate.delete()
    await certificate.purge()
  }
}

const isSettled = ({ status, body }: { status: number; body: Shown }) => status === 404 || body.status !== 'inProgress'

/** What is in these vaults, by the keys of the ledger. */
export async function contentsOf(lazuli: Lazuli, vaults: readonly Body[]): Promise<[string, string][]> {
  const token = await lazuli.token(audience)
  return (await Promise.all(vaults.map(({ id }) => contentOf(lazuli, id, token)))).flat()
}

async function contentOf(lazuli: Lazuli, id: string, token: string): Promise<[string, string][]> {
  const vault = id.split('/').at(-1) ?? ''
  const kind = kindIn(vault)
  if (!kind) return []
  const to = asKeeper(lazuli, vault, token)
  const list = async (path: string) => {
    const rows = await everything<Shown>(lazuli, `${path}?${version}&includePending=true`, to)
    return rows.map(({ id, kid }) => (id ?? kid ?? '').split('/').at(-1) ?? '')
  }
  const get = async (path: string) => {
    const { status, body } = await lazuli.arm<Shown>('GET', `${path}?${version}`, to)
    assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`)
    return body
  }

  async function stateOf(name: string): Promise<string> {
    if (kind !== 'certificates') {
      const shown = await get(`/${kind}/${name}`)
      return kind === 'secrets' ? String(shown.value) : versionAndTag(shown)
    }
    const { status, body } = await until(
      () => lazuli.arm<Shown>('GET', `/certificates/${name}/pending?${version}`, to),
      isSettled,
    )
    if (status === 200 && body.status !== 'completed') return `pending: ${body.status}`
    const shown = await get(`/certificates/${name}`)
    const [secret, key] = [await get(`/secrets/${name}`), await get(`/keys/${name}`)]
    const isWhole =
      [secret, key].every(one => versionOf(one) === versionOf(shown)) &&
      secret.value?.match(/BEGIN CERTIFICATE/g)?.length === 3
    return isWhole ? versionAndTag(shown) : 'torn'
  }

  const there = await list(`/${kind}`)
  const gone = await list(`/deleted${kind}`)
  return [
    ...(await Promise.all(
      there.map(async (name): Promise<[string, string]> => [`${id}/${kind}/${name}`, await stateOf(name)]),
    )),
    ...gone.map((name): [string, string] => [`${id}/${kind}/${name}`, deleted]),
  ]
}
