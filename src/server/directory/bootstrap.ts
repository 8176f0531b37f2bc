import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { resourceId } from '../../wire/resource-id.ts'
import { systemGrant } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { readIfPresent, writeDurably } from '../store/durable-file.ts'
import type { Store, Writes } from '../store/open.ts'
import { newSecret, passwordCost, passwordVerifier, secretVerifier } from './credentials.ts'

/** The one tenant of this installation. */
export type Directory = {
  readonly tenantId: string
  readonly tenantDomain: string
  readonly displayName: string
  /** The subscription that was made with it; there may be more. */
  readonly subscriptionId: string
}

/** How the administrator signs in, as a person and as a program. Both are Owner of everything. */
export type AdministratorFile = {
  readonly tenantId: string
  readonly subscriptionId: string
  readonly username: string
  readonly password: string
  readonly clientId: string
  readonly clientSecret: string
}

const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'
const displayName = 'Lazuli'
const defaultDomain = 'lazuli.onmicrosoft.com'

const firstStart = systemGrant('make the directory, the subscription and the administrator on first start')

const administratorFile = (config: Pick<Config, 'directory'>) => join(config.directory, 'admin.json')

export async function readAdministrator(config: Pick<Config, 'directory'>): Promise<AdministratorFile | undefined> {
  const text = await readIfPresent(administratorFile(config))
  return text === undefined ? undefined : JSON.parse(text)
}

type BootstrapParts = {
  store: Store
  clock: Clock
  config: Pick<Config, 'directory'>
  /** log2 of the work that the administrator's password is guarded with. */
  cost?: number
}

/** Reads the directory back, or makes it, its subscription and its administrator when there is none yet. */
export async function openDirectory(parts: BootstrapParts): Promise<Directory> {
  const { settings } = parts.store
  const [tenantId, tenantDomain, name, subscriptionId] = await Promise.all(
    ['tenant id', 'tenant domain', 'tenant name', 'subscription id'].map(key => settings.get(firstStart, key)),
  )
  if (tenantId && tenantDomain && name && subscriptionId) {
    return { tenantId, tenantDomain, displayName: name, subscriptionId }
  }
  return makeDirectory(parts)
}

async function makeDirectory({ store, clock, config, cost = passwordCost }: BootstrapParts): Promise<Directory> {
  const directory: Directory = {
    tenantId: randomUUID(),
    tenantDomain: defaultDomain,
    displayName,
    subscriptionId: randomUUID(),
  }
  const administrator: AdministratorFile = {
    tenantId: directory.tenantId,
    subscriptionId: directory.subscriptionId,
    username: `admin@${defaultDomain}`,
    password: newSecret(randomBytes(24)),
    clientId: randomUUID(),
    clientSecret: newSecret(randomBytes(32)),
  }
  const passwordKept = await passwordVerifier(administrator.password, cost)

  // First the file, then the commit: whoever dies in between starts over with new secrets and a new file, while the
  // other order could leave a directory that nobody can enter.
  await writeDurably(administratorFile(config), `${JSON.stringify(administrator, null, 2)}\n`, { mode: 0o600 })
  await store.write(async tx => {
    await putDirectory(tx, directory)
    const user = randomUUID()
    await tx.principals.put(firstStart, {
      objectId: user,
      kind: 'user',
      displayName: 'Administrator',
      userPrincipalName: administrator.username,
    })
    await tx.principals.putCredential(firstStart, {
      id: randomUUID(),
      objectId: user,
      kind: 'password',
      verifier: passwordKept,
    })
    const servicePrincipal = await putAdministratorApplication(tx, administrator)
    for (const [principalId, principalType] of [
      [user, 'User'],
      [servicePrincipal, 'ServicePrincipal'],
    ] as const) {
      const now = new Date(clock.now()).toISOString()
      await tx.roles.putAssignment(firstStart, {
        name: randomUUID(),
        scope: '/',
        principalId,
        principalType,
        roleDefinitionId: owner,
        createdOn: now,
        updatedOn: now,
        createdBy: '',
        updatedBy: '',
      })
    }
  })
  return directory
}

async function putDirectory(tx: Writes, { tenantId, tenantDomain, subscriptionId }: Directory): Promise<void> {
  await tx.settings.put(firstStart, 'tenant id', tenantId)
  await tx.settings.put(firstStart, 'tenant domain', tenantDomain)
  await tx.settings.put(firstStart, 'tenant name', displayName)
  await tx.settings.put(firstStart, 'subscription id', subscriptionId)
  await tx.resources.put(firstStart, resourceId(`/subscriptions/${subscriptionId}`), {
    properties: { displayName, state: 'Enabled', tenantId },
  })
}

async function putAdministratorApplication(tx: Writes, { clientId, clientSecret }: AdministratorFile): Promise<string> {
  const name = 'Lazuli administrator'
  const application = await tx.applications.put(firstStart, {
    objectId: randomUUID(),
    clientId,
    displayName: name,
    body: {},
  })
  await tx.principals.putCredential(firstStart, {
    id: randomUUID(),
    objectId: application.objectId,
    kind: 'secret',
    verifier: secretVerifier(clientSecret),
    hint: clientSecret.slice(0, 3),
    displayName: 'first start',
  })
  const { objectId } = await tx.principals.put(firstStart, {
    objectId: randomUUID(),
    kind: 'application',
    displayName: name,
    clientId,
    applicationObjectId: application.objectId,
  })
  return objectId
}
