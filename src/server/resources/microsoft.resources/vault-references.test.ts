import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openVault } from '../../planes/key-vault/testing-vault.ts'

const secret = 'Very-secret-0815'
const identity = 'Microsoft.ManagedIdentity/userAssignedIdentities'

async function arrange(t: TestContext, properties: object = { enabledForTemplateDeployment: true }) {
  const vault = await openVault(t, { properties: { ...properties } })
  const { group, vaultId, armToken, request, ask } = vault
  const made = await ask('PUT', '/secrets/Password', { body: { value: secret } })
  const send = async (method: string, path: string, body?: unknown, token = armToken) => {
    const url = path.includes('?') ? path : `${path}?api-version=2022-09-01`
    const response = await request(method, url, { token, body })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
  }
  return {
    ...vault,
    send,
    version: (made.body as { id: string }).id.split('/').at(-1) ?? '',
    deployment: `${group}/providers/Microsoft.Resources/deployments/d1`,
    /** The parameter `password`, and what refers to it. */
    parameters: (more: object = {}) => ({
      password: { reference: { keyVault: { id: vaultId }, secretName: 'password', ...more } },
    }),
  }
}

const wish = (parameters: object, template: object = copying()) => ({
  properties: { mode: 'Incremental', parameters, template: { $schema: 's', contentVersion: '1.0.0.0', ...template } },
})

/** Puts the secret into the vault again, under another name: there it can be seen that it came through. */
const copying = (definition: object = {}) => ({
  parameters: { password: { type: 'secureString', ...definition } },
  resources: [
    {
      type: 'Microsoft.KeyVault/vaults/secrets',
      apiVersion: '2023-07-01',
      name: 'safe/copy',
      properties: { value: "[parameters('password')]" },
    },
  ],
  outputs: { leak: { type: 'secureString', value: "[parameters('password')]" } },
})

async function ended({ send, deployment }: Awaited<ReturnType<typeof arrange>>) {
  for (;;) {
    const { body } = await send('GET', deployment)
    if (['Succeeded', 'Failed'].includes(body.properties.provisioningState)) return body.properties
    await pause(5)
  }
}

test('a parameter takes its value from a vault, and nothing shows it or keeps it in the clear', async t => {
  const vault = await arrange(t)
  const { send, deployment, ask, vaultId, parameters, version, auditRows, parts } = vault
  assert.equal((await send('PUT', deployment, wish(parameters()))).status, 201)
  const properties = await ended(vault)
  assert.equal(properties.provisioningState, 'Succeeded', JSON.stringify(properties))
  assert.deepEqual(
    [properties.parameters, properties.outputs],
    [
      {
        password: { type: 'SecureString', reference: { keyVault: { id: vaultId }, secretName: 'password' } },
      },
      { leak: { type: 'SecureString' } },
    ],
  )
  const copied = await ask('GET', '/secrets/copy')
  assert.equal((copied.body as { value: string }).value, secret)
  await parts.store.flush()
  const rows = await auditRows()
  assert.doesNotMatch(JSON.stringify(rows), new RegExp(secret))
  const read = rows.filter(({ operation }) => operation === 'Microsoft.KeyVault/vaults/deploy/action')
  assert.deepEqual(
    read.map(({ plane, scope_key, outcome, status }) => [plane, scope_key, outcome, status]),
    [['key-vault', `${vaultId}/secrets/password`.toLowerCase(), 'Succeeded', 200]],
  )
  const { directory } = parts.config
  for (const file of await readdir(directory, { withFileTypes: true })) {
    if (file.isFile()) assert.equal((await readFile(join(directory, file.name))).includes(secret), false, file.name)
  }

  await ask('PUT', '/secrets/Password', { body: { value: 'newer' } })
  assert.equal((await send('PUT', deployment, wish(parameters({ secretVersion: version })))).status, 200)
  await ended(vault)
  assert.equal(((await ask('GET', '/secrets/copy')).body as { value: string }).value, secret)
})

test('a nested deployment takes its parameters from a vault, too', async t => {
  const vault = await arrange(t)
  const { send, deployment, ask } = vault
  const id = "[resourceId('Microsoft.KeyVault/vaults', 'safe')]"
  const inner = wish({ password: { reference: { keyVault: { id }, secretName: 'Password' } } })
  const nested = {
    type: 'Microsoft.Resources/deployments',
    apiVersion: '2022-09-01',
    name: 'inside',
    properties: { ...inner.properties, expressionEvaluationOptions: { scope: 'inner' } },
  }
  await send('PUT', deployment, wish({}, { resources: [nested] }))
  const properties = await ended(vault)
  assert.equal(properties.provisioningState, 'Succeeded', JSON.stringify(properties))
  assert.equal(((await ask('GET', '/secrets/copy')).body as { value: string }).value, secret)
})

const seeAlso = 'Please see https://aka.ms/arm-keyvault for usage details.'
const retrieveFailed = (status: string, message: string) => ({
  code: 'KeyVaultParameterReferenceSecretRetrieveFailed',
  message: `The secret of KeyVault parameter 'password' cannot be retrieved. Http status code: '${status}'. Error message: '${message}'. ${seeAlso}`,
})

test('what cannot be had from a vault is refused in the words of Azure, and nothing is deployed', async t => {
  const { send, deployment, ask, vaultId, group, parameters, principal, directory, parts, auditRows } = await arrange(t)
  const refused = async (body: object, status: number, error: object, token?: string) => {
    for (const [method, path] of [
      ['PUT', deployment],
      ['POST', `${deployment}/validate`],
    ] as const) {
      const answer = await send(method, path, body, token)
      assert.deepEqual([answer.status, answer.body], [status, { error }])
    }
    assert.equal((await send('GET', deployment)).status, 404)
  }
  const other = vaultId.replace('/safe', '/other')
  const notFound = {
    code: 'KeyVaultParameterReferenceNotFound',
    message: `The specified KeyVault '${other}' could not be found. ${seeAlso}`,
  }
  await refused(wish(parameters({ keyVault: { id: other } })), 400, notFound)
  const elsewhere = vaultId.replace('/resourceGroups/g/', '/resourceGroups/h/')
  const message = `The specified KeyVault '${elsewhere}' could not be found. ${seeAlso}`
  await refused(wish(parameters({ keyVault: { id: elsewhere } })), 400, { ...notFound, message })

  const missing = (name: string) =>
    `A secret with (name/id) ${name} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`
  await refused(wish(parameters({ secretName: 'x' })), 404, retrieveFailed('NotFound', missing('x')))
  const noVersion = '0'.repeat(32)
  const ofNoVersion = retrieveFailed('NotFound', missing(`password/${noVersion}`))
  await refused(wish(parameters({ secretVersion: noVersion })), 404, ofNoVersion)
  await ask('PUT', '/secrets/off', { body: { value: 'v', attributes: { enabled: false } } })
  const disabled = retrieveFailed('Forbidden', 'Operation get is not allowed on a disabled secret.')
  await refused(wish(parameters({ secretName: 'off' })), 403, disabled)

  // Whoever may deploy and not use the vault for it, even if they may read its secrets.
  const deployer = await principal({
    roles: [
      { role: 'Managed Identity Contributor', scope: group },
      { role: 'Key Vault Secrets User', scope: vaultId },
    ],
  })
  const forbidden = {
    code: 'KeyVaultParameterReferenceAuthorizationFailed',
    message: `The client '${deployer.clientId}' with object id '${deployer.objectId}' does not have permission to perform action 'MICROSOFT.KEYVAULT/VAULTS/DEPLOY/ACTION' on the specified KeyVault resource '${vaultId}'. ${seeAlso}`,
  }
  await refused(wish(parameters()), 403, forbidden, deployer.token)
  await parts.store.flush()
  const [denied] = (await auditRows()).filter(
    ({ operation }) => operation === 'Microsoft.KeyVault/vaults/deploy/action',
  )
  assert.partialDeepStrictEqual(denied, { outcome: 'Denied', status: 403, caller: deployer.objectId })

  const tenant = directory.tenantId
  const about = `Caller: name=ARM;tid=${tenant};appid=797f4846-ba00-4fd7-ba43-dac1f8f63013;iss=https://sts.windows.net/${tenant}/\r\nVault: safe;location=westus`
  const change = (properties: object) => send('PATCH', `${vaultId}?api-version=2023-07-01`, { properties })
  await change({ networkAcls: { bypass: 'None', defaultAction: 'Deny' } })
  const outside = `Client address is not authorized and caller is not a trusted service.\r\n${about}`
  await refused(wish(parameters()), 403, retrieveFailed('Forbidden', outside))
  await change({ networkAcls: { defaultAction: 'Deny' }, enabledForTemplateDeployment: false })
  const notEnabled = retrieveFailed('Forbidden', `Access denied to first party service.\r\n${about}`)
  await refused(wish(parameters()), 403, notEnabled)

  const two = { parameters: { a: { type: 'securestring' }, b: { type: 'securestring' } }, resources: [] }
  const { reference } = parameters().password
  const both = { a: { reference }, b: { reference: { ...reference, keyVault: { id: other } } } }
  const [ofA] = [{ ...notEnabled, message: notEnabled.message.replace("'password'", "'a'") }]
  await refused(wish(both, two), 403, {
    code: 'MultipleErrorsOccurred',
    message: 'Multiple error occurred: Forbidden,BadRequest. Please see details.',
    details: [ofA, notFound],
  })
})

test('a secret is for a secure string within its limits, and a reference is one', async t => {
  const { send, deployment, parameters } = await arrange(t)
  const code = async (body: object) => {
    const { status, body: answer } = await send('PUT', deployment, body)
    assert.equal(status, 400)
    assert.doesNotMatch(JSON.stringify(answer), new RegExp(secret))
    return answer.error.code
  }
  assert.equal(await code(wish(parameters(), copying({ type: 'string' }))), 'InvalidTemplate')
  assert.equal(await code(wish(parameters(), copying({ maxLength: 3 }))), 'InvalidTemplate')
  assert.equal(await code(wish(parameters(), copying({ allowedValues: ['x'] }))), 'InvalidTemplate')
  const { password } = parameters()
  assert.equal(await code(wish({ password: { ...password, value: 'x' } })), 'InvalidTemplate')
  assert.equal(
    await code(wish(parameters({ keyVault: { id: `/subscriptions/s/${identity}` } }))),
    'InvalidRequestContent',
  )
  assert.equal(await code(wish(parameters({ secretName: undefined }))), 'InvalidRequestContent')
  assert.equal((await send('GET', deployment)).status, 404)
})
