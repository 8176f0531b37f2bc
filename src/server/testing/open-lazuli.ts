/**
 * A whole Lazuli without a network: a real store in a folder of its own, real keys and tokens, and the Door, which
 * tests call with requests. Everything ends with the test.
 */

import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { systemGrant } from '../access/grant.ts'
import { builtInRoles } from '../access/roles.ts'
import { type ShiftableClock, shiftableClock } from '../clock.ts'
import { type Config, configure } from '../config.ts'
import { type AdministratorFile, type Directory, openDirectory, readAdministrator } from '../directory/bootstrap.ts'
import { askThrough, type Door, openDoor, whole } from '../door/handle.ts'
import { planeNameOf } from '../door/names.ts'
import type { Plane } from '../door/plane.ts'
import { openTickets } from '../door/tickets.ts'
import { openPackages } from '../extensions/packages.ts'
import type { MachineDriver } from '../machines/driver.ts'
import { type Machines, openMachines } from '../machines/machines.ts'
import { recordedMachines } from '../machines/none.ts'
import { openParts } from '../open-parts.ts'
import type { Parts } from '../parts.ts'
import { armPlane } from '../planes/arm/plane.ts'
import { carriesOut } from '../resources/carry.ts'
import type { AuditEntry } from '../store/audit-log.ts'
import { openStore, type Store, type Writes } from '../store/open.ts'
import type { Principal } from '../store/principals.ts'
import type { SigningKey } from '../store/signing-keys.ts'
import { generateSigningKey, openSigningKeys } from '../tokens/signing-keys.ts'
import { openTokens } from '../tokens/tokens.ts'

const arrange = systemGrant('arrange a test')

export type OpenLazuli = {
  readonly parts: Parts
  readonly door: Door
  readonly store: Store
  readonly clock: ShiftableClock & { forwardBy(ms: number): void }
  readonly directory: Directory
  readonly administrator: AdministratorFile
  /** `/subscriptions/<id>` */
  readonly subscription: string
  /** A token of the administrator's application, Owner at `/`; for the resource manager unless said otherwise. */
  adminToken(audience?: string): Promise<string>
  /** Someone new, with the roles named; a role without a scope is held at `/`. */
  principal(wish?: PrincipalWish): Promise<SomeonesAccess>
  /** `url` may be a path of the resource manager. A body that is not text or bytes is sent as JSON. */
  request(method: string, url: string, options?: RequestOptions): Promise<Response>
  /** The audit log, newest row first. */
  auditRows(): Promise<AuditEntry[]>
  /** Stops as a server does; what it kept can be opened again with `{ folder }`. */
  close(): Promise<void>
}

export type SomeonesAccess = Principal & { readonly token: string; tokenFor(audience: string): Promise<string> }

type PrincipalWish = {
  kind?: Principal['kind']
  roles?: readonly { role: string; scope?: string; condition?: string }[]
  /** For a managed identity: what it belongs to. */
  resourceId?: string
  audience?: string
}

type RequestOptions = {
  token?: string | undefined
  body?: unknown
  headers?: Record<string, string>
  address?: string
  /** Aborted when the client hangs up. */
  signal?: AbortSignal
}

type Wish = {
  /** Besides the resource manager, or instead of it when one has its name. */
  planes?: (parts: Parts) => readonly Plane[]
  machines?: Machines
  /** Below the machines; without it they are only recorded. */
  driver?: MachineDriver
  /** A data directory to open again. Without it, a new one is made and removed with the test. */
  folder?: string
}

/** At whose end all of it ends: a test, or a program that measures. */
export type Lifetime = { after(end: () => unknown): void }

const resourceManager = 'https://management.azure.com'

export async function openLazuli(t: Lifetime, wish: Wish = {}): Promise<OpenLazuli> {
  const folder = wish.folder ?? (await mkdtemp(join(tmpdir(), 'lazuli-')))
  const config: Config = { ...configure({ data: folder, port: 4443, machines: 'none' }, {}), logLevel: 'silent' }
  const clock = shiftableClock(Date.now, 0)
  const log = pino({ level: 'silent' })
  const store = await openStore({
    directory: config.directory,
    masterKeyFile: config.masterKeyFile,
    clock,
    onAuditFailure: error => {
      throw error
    },
  })
  const directory = await openDirectory({ store, clock, config, cost: 4 })
  await putSigningKey(store)
  const keys = await openSigningKeys(store, clock)
  const tokens = openTokens({ config, clock, keys, tenantId: directory.tenantId })
  const driver =
    wish.driver ?? recordedMachines(join(config.directory, 'machines'), ['Tests do not make real machines.'])
  const machines = wish.machines ?? openMachines({ driver, store, log })
  await machines.start(() => undefined)
  const opened = await openParts({
    ...{ config, clock, store, directory, tokens, machines, log },
    packages: await openPackages({ builtIn: [], published: join(config.directory, 'extensions') }),
    askFor: askThrough(() => door),
    control: { version: '0.0.0', startedAt: Date.now(), tickets: openTickets(Buffer.alloc(32)), stop: () => undefined },
  })
  const { parts } = opened

  const planes = new Map([armPlane(tokens, directory.tenantId), ...(wish.planes?.(parts) ?? [])].map(p => [p.name, p]))
  const isTenant = (segment: string) => segment === directory.tenantId || segment === directory.tenantDomain
  const door: Door = openDoor(parts, [...planes.values()], url => {
    const found = planeNameOf(url, config, isTenant)
    const plane = found && planes.get(found.plane)
    return plane && { plane, pathname: found.pathname }
  })
  await parts.asyncWork.resume(carriesOut(parts))

  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= opened.close({ workLimitMs: 5_000, machines: 'keep' })
    return closing
  }
  t.after(async () => {
    await close()
    if (wish.folder === undefined) await rm(folder, { recursive: true, force: true })
  })

  const administrator = await readAdministrator(config)
  if (!administrator) throw new Error('no administrator')
  const tokenFor = async (principal: Principal, audience: string) => {
    const { objectId, clientId, userPrincipalName, kind } = principal
    const claims = {
      oid: objectId,
      idtyp: kind === 'user' ? 'user' : 'app',
      ...(clientId === undefined ? {} : { appid: clientId }),
      ...(userPrincipalName === undefined ? {} : { upn: userPrincipalName }),
    }
    return (await tokens.issueAccess({ audience, lifetimeSec: 3600, claims })).token
  }

  return {
    parts,
    door,
    store,
    clock: Object.assign(clock, { forwardBy: (ms: number) => clock.shift(clock.shiftMs + ms) }),
    directory,
    administrator,
    subscription: `/subscriptions/${directory.subscriptionId}`,
    close,

    async adminToken(audience = `${resourceManager}/`) {
      const principal = await store.principals.get(arrange, { clientId: administrator.clientId })
      if (!principal) throw new Error('no administrator')
      return tokenFor(principal, audience)
    },

    async principal({ kind = 'application', roles = [], resourceId, audience = `${resourceManager}/` } = {}) {
      const principal = await store.write(async tx => {
        const objectId = randomUUID()
        for (const { role, ...where } of roles) await assign(tx, objectId, role, where)
        return tx.principals.put(arrange, {
          objectId,
          kind,
          displayName: `someone ${objectId}`,
          ...(kind === 'user'
            ? { userPrincipalName: `${objectId}@${directory.tenantDomain}` }
            : { clientId: randomUUID() }),
          ...(resourceId === undefined ? {} : { resourceId }),
        })
      })
      return {
        ...principal,
        token: await tokenFor(principal, audience),
        tokenFor: other => tokenFor(principal, other),
      }
    },

    async auditRows() {
      await store.flush()
      const all = { below: '/', changesOnly: false, from: 0, to: Number.MAX_SAFE_INTEGER, limit: 1000 }
      return (await store.audit.list(arrange, all)).map(row => ({ ...row }))
    },

    async request(method, url, { token, body, headers = {}, address = '127.0.0.1', signal } = {}) {
      const sent = new Headers(headers)
      if (token !== undefined) sent.set('authorization', `Bearer ${token}`)
      if (body !== undefined && !isRaw(body) && !sent.has('content-type')) sent.set('content-type', 'application/json')
      const asked = new Request(new URL(url, resourceManager), {
        method,
        headers: sent,
        ...(signal === undefined ? {} : { signal }),
        ...(body === undefined ? {} : { body: isRaw(body) ? body : JSON.stringify(body) }),
      })
      return whole(await door(asked, { address, rawHeaders: Object.entries(headers).flat(), target: url }))
    },
  }
}

const isRaw = (body: unknown): body is string | Uint8Array<ArrayBuffer> | URLSearchParams =>
  typeof body === 'string' || body instanceof Uint8Array || body instanceof URLSearchParams

// One key for all tests of a process: making one takes longer than most tests do. Keys are tested where they are made.
let sharedKey: Promise<SigningKey> | undefined

async function putSigningKey(store: Store): Promise<void> {
  if ((await store.signingKeys.list(arrange)).length > 0) return
  sharedKey ??= generateSigningKey(Date.now())
  const key = await sharedKey
  await store.write(tx => tx.signingKeys.put(arrange, { ...key, createdAt: Date.now() }))
}

async function assign(
  tx: Writes,
  principalId: string,
  roleName: string,
  { scope = '/', condition }: { scope?: string; condition?: string },
): Promise<void> {
  const role = builtInRoles.find(one => one.roleName === roleName || one.name === roleName)
  const now = new Date().toISOString()
  await tx.roles.putAssignment(arrange, {
    name: randomUUID(),
    scope,
    principalId,
    principalType: 'ServicePrincipal',
    // Not a built-in one: the GUID of a custom role.
    roleDefinitionId: role?.name ?? roleName.toLowerCase(),
    ...(condition === undefined ? {} : { condition, conditionVersion: '2.0' }),
    createdOn: now,
    updatedOn: now,
    createdBy: '',
    updatedBy: '',
  })
}
