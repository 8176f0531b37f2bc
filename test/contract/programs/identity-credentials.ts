import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { AuthorizationManagementClient } from '@azure/arm-authorization'
import { ManagedServiceIdentityClient } from '@azure/arm-msi'
import { ResourceManagementClient } from '@azure/arm-resources'
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  DefaultAzureCredential,
  EnvironmentCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from '@azure/identity'
import { SignJWT } from 'jose'
import {
  administrator,
  claimsOf,
  clientOptions,
  credentialOptions,
  resourceManager,
  subscriptionId,
  tenantId,
  unique,
  variable,
} from './azure.ts'
import { directory, newApplication } from './graph.ts'

const scope = `${resourceManager}/.default`
const location = 'westeurope'
const group = unique('credentials')
const folder = await mkdtemp(join(tmpdir(), 'credentials-'))
const { resourceGroups } = new ResourceManagementClient(administrator, subscriptionId, clientOptions)
const { userAssignedIdentities, federatedIdentityCredentials } = new ManagedServiceIdentityClient(
  administrator,
  subscriptionId,
  clientOptions,
)
const { roleAssignments } = new AuthorizationManagementClient(administrator, subscriptionId, clientOptions)

before(() => resourceGroups.createOrUpdate(group, { location }))
after(() => rm(folder, { recursive: true }))

async function readerOfGroup(principalId: string): Promise<void> {
  const role = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
  await roleAssignments.create(`/subscriptions/${subscriptionId}/resourceGroups/${group}`, randomUUID(), {
    roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    principalId,
  })
}

/** A credential is good when what it gets opens what its owner may open. */
async function opensTheGroup(credential: TokenCredential): Promise<void> {
  const client = new ResourceManagementClient(credential, subscriptionId, clientOptions)
  assert.equal((await client.resourceGroups.get(group)).name, group)
}

/** The client library puts the authority's own words into its message. */
const refusedWith = (error: string, code: number) => ({ message: new RegExp(`^${error}: .*AADSTS${code}: `) })

test('a client secret gets a token for its application, valid for an hour', async () => {
  const application = await newApplication()
  await readerOfGroup(application.objectId)
  const { token, expiresOnTimestamp } = (await application.credential.getToken(scope)) ?? {}

  assert.ok(token && expiresOnTimestamp)
  const { iss, aud, appid, oid, sub, tid, ver, idtyp, appidacr, exp } = claimsOf(token)
  const { objectId, clientId } = application
  assert.deepEqual(
    { iss, aud, appid, oid, sub, tid, ver, idtyp, appidacr },
    {
      iss: `https://sts.windows.net/${tenantId}/`,
      aud: resourceManager,
      appid: clientId,
      oid: objectId,
      sub: objectId,
      tid: tenantId,
      ver: '1.0',
      idtyp: 'app',
      appidacr: '1',
    },
  )
  assert.ok(Math.abs(expiresOnTimestamp - Number(exp) * 1000) < 60_000)
  assert.ok(Math.abs(Number(exp) - Date.now() / 1000 - 3600) < 120)
  await opensTheGroup(application.credential)
})

test('a wrong secret, an unknown application and a foreign tenant are refused as Entra refuses them', async () => {
  const { clientId, secret } = await newApplication()
  const token = (tenant: string, client: string, secret: string) =>
    new ClientSecretCredential(tenant, client, secret, credentialOptions).getToken(scope)
  await assert.rejects(token(tenantId, clientId, `${secret}x`), refusedWith('invalid_client', 7000215))
  await assert.rejects(token(tenantId, randomUUID(), secret), refusedWith('unauthorized_client', 700016))
  await assert.rejects(token(randomUUID(), clientId, secret), /endpoints_resolution_error|AADSTS90002/)
  const { credential } = await newApplication()
  await assert.rejects(credential.getToken('https://nobody.example/.default'), refusedWith('invalid_resource', 500011))
})

test('a certificate that was added to an application signs it in, by file and by text', async () => {
  const application = await newApplication()
  await readerOfGroup(application.objectId)
  const { certificatePath, key } = await newCertificate('certificate')
  await directory('PATCH', `/applications/${application.applicationId}`, { keyCredentials: [key] })

  const byFile = new ClientCertificateCredential(tenantId, application.clientId, certificatePath, credentialOptions)
  await opensTheGroup(byFile)
  const token = await byFile.getToken(scope)
  assert.equal(claimsOf(token.token).appidacr, '2')
  const certificate = await readFile(certificatePath, 'utf8')
  await opensTheGroup(
    new ClientCertificateCredential(
      tenantId,
      application.clientId,
      { certificate },
      { ...credentialOptions, sendCertificateChain: true },
    ),
  )

  const stranger = (await newCertificate('stranger')).certificatePath
  await assert.rejects(
    new ClientCertificateCredential(tenantId, application.clientId, stranger, credentialOptions).getToken(scope),
    refusedWith('invalid_client', 700027),
  )
})

async function newCertificate(name: string) {
  const [keyFile, certificateFile, certificatePath] = ['key', 'crt', 'pem'].map(end => join(folder, `${name}.${end}`))
  assert.ok(keyFile && certificateFile && certificatePath)
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`]
  await promisify(execFile)('openssl', [...request, '-keyout', keyFile, '-out', certificateFile])
  const certificate = await readFile(certificateFile, 'utf8')
  await writeFile(certificatePath, (await readFile(keyFile, 'utf8')) + certificate)
  const der = new X509Certificate(certificate).raw.toString('base64')
  return { certificatePath, key: { type: 'AsymmetricX509Cert', usage: 'Verify', displayName: name, key: der } }
}

test('the environment credential takes a secret or a certificate from the environment', async () => {
  const application = await newApplication()
  await readerOfGroup(application.objectId)
  const { certificatePath, key } = await newCertificate('environment')
  await directory('PATCH', `/applications/${application.applicationId}`, { keyCredentials: [key] })

  const { AZURE_CLIENT_ID, AZURE_CLIENT_SECRET } = process.env
  try {
    process.env.AZURE_CLIENT_ID = application.clientId
    process.env.AZURE_CLIENT_SECRET = application.secret
    await opensTheGroup(new EnvironmentCredential(credentialOptions))
    await opensTheGroup(new DefaultAzureCredential(credentialOptions))
    delete process.env.AZURE_CLIENT_SECRET
    process.env.AZURE_CLIENT_CERTIFICATE_PATH = certificatePath
    await opensTheGroup(new EnvironmentCredential(credentialOptions))
  } finally {
    Object.assign(process.env, { AZURE_CLIENT_ID, AZURE_CLIENT_SECRET })
    delete process.env.AZURE_CLIENT_CERTIFICATE_PATH
  }
})

const issuer = variable('ISSUER')
const audience = 'api://AzureADTokenExchange'
const issuerKey = createPrivateKey(await readFile(variable('ISSUER_KEY_FILE')))

const assertion = (claims: Record<string, unknown>) =>
  new SignJWT({ iss: issuer, aud: audience, jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'issuer-key' })
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(issuerKey)

async function trustingIdentity(subject: string) {
  const name = unique('identity')
  const identity = await userAssignedIdentities.createOrUpdate(group, name, { location })
  await federatedIdentityCredentials.createOrUpdate(group, name, 'pipeline', { issuer, subject, audiences: [audience] })
  await readerOfGroup(identity.principalId ?? '')
  return { name, clientId: identity.clientId ?? '', id: identity.id ?? '' }
}

test('a workload whose issuer an identity trusts gets that identity’s token', async () => {
  const subject = 'repo:contoso/site:ref:refs/heads/main'
  const { clientId, id } = await trustingIdentity(subject)
  const tokenFilePath = join(folder, 'workload-token')
  await writeFile(tokenFilePath, await assertion({ sub: subject }))

  const credential = new WorkloadIdentityCredential({ tenantId, clientId, tokenFilePath, ...credentialOptions })
  await opensTheGroup(credential)
  const { appid, xms_mirid } = claimsOf((await credential.getToken(scope)).token)
  assert.deepEqual(
    { appid, xms_mirid: String(xms_mirid).toLowerCase() },
    { appid: clientId, xms_mirid: id.toLowerCase() },
  )
})

test('a workload that an identity does not trust gets nothing, and neither does it after its trust was taken back', async () => {
  const subject = unique('repo:contoso/site')
  const { name, clientId } = await trustingIdentity(subject)
  const token = (claims: Record<string, unknown>) =>
    new ClientAssertionCredential(tenantId, clientId, () => assertion(claims), credentialOptions).getToken(scope)

  assert.ok(await token({ sub: subject }))
  await assert.rejects(token({ sub: subject.toUpperCase() }), refusedWith('invalid_request', 700213))
  await assert.rejects(token({ sub: subject, aud: 'api://else' }), refusedWith('invalid_request', 700213))
  await assert.rejects(token({ sub: subject, iss: `${issuer}/else` }), refusedWith('invalid_request', 700213))
  const [header = '', claims = ''] = (await assertion({ sub: subject })).split('.')
  await assert.rejects(
    new ClientAssertionCredential(
      tenantId,
      clientId,
      async () => `${header}.${claims}.${Buffer.alloc(256).toString('base64url')}`,
      credentialOptions,
    ).getToken(scope),
    refusedWith('invalid_client', 700027),
  )
  await federatedIdentityCredentials.delete(group, name, 'pipeline')
  await assert.rejects(token({ sub: subject }), refusedWith('invalid_request', 700213))
})
