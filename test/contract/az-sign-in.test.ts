import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assignReader, newGroup, unique } from './arrange.ts'
import { inBothWays, newUser, userPassword } from './az.ts'
import { openPage, writes } from './browser.ts'
import { claimsOf } from './curl.ts'

inBothWays('az signs in', async (t, { az, refusal, lazuli, lane }) => {
  const { tenantId, subscriptionId, admin } = lazuli.env
  const group = unique('group')
  const groupId = await newGroup(lazuli, group)

  // What only the administrator can make has to be there before others sign in.
  const person = await newUser(az)
  await assignReader(lazuli, groupId, person.id)
  const withSecret = await az(`ad sp create-for-rbac -n ${unique('secret')} --role Reader --scopes ${groupId}`)
  const withCertificate = await az(
    `ad sp create-for-rbac -n ${unique('made')} --create-cert --role Reader --scopes ${groupId}`,
  )
  const powerless = await az(`ad sp create-for-rbac -n ${unique('powerless')}`)
  const pem = await selfSigned(unique('own'))
  await az(`ad app credential reset --id ${powerless.appId} --append --cert @${pem.certificate}`)
  await az('logout')

  const signedInAs = async (name: string, type: 'user' | 'servicePrincipal') => {
    const account = await az('account show')
    assert.partialDeepStrictEqual(account, { id: subscriptionId, name: 'Lazuli', tenantId, user: { name, type } })
    assert.deepEqual(await az("account list --query '[].id'"), [subscriptionId])
    assert.equal(await az(`group show -n ${group} --query id`), groupId)
    await az('logout')
    assert.deepEqual(await az('account list'), [])
  }
  const asApplication = (appId: string, proof: string) =>
    `login --service-principal -u ${appId} ${proof} --tenant ${tenantId}`

  await t.test('as an application with a secret', async () => {
    const { appId, password } = withSecret
    await az(asApplication(appId, `-p '${password}'`))
    const { accessToken } = await az('account get-access-token')
    const { exitCode, said } = await refusal(`group create -n ${group}-2 -l westeurope`)
    assert.equal(exitCode, 1)
    const text = `The client '${appId}' with object id '${claimsOf(accessToken).oid}' does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourceGroups/write' over scope '${groupId}-2' or the scope is invalid. If access was recently granted, please refresh your credentials.`
    assert.ok(
      said.includes(`ERROR: (AuthorizationFailed) ${text}\nCode: AuthorizationFailed\nMessage: ${text}\n`),
      said,
    )
    await signedInAs(appId, 'servicePrincipal')
  })

  await t.test('as an application with a certificate that az has made', async () => {
    const { appId, fileWithCertAndPrivateKey } = withCertificate
    await az(asApplication(appId, `--certificate '${fileWithCertAndPrivateKey}'`))
    await signedInAs(appId, 'servicePrincipal')
  })

  await t.test('as an application with a certificate of one’s own', async () => {
    const login = asApplication(powerless.appId, `--certificate '${pem.both}'`)
    assert.match((await refusal(login)).said, /No subscriptions found for/)
    const [account] = await az(`${login} --allow-no-subscriptions`)
    assert.deepEqual([account.name, account.user.name], ['N/A(tenant level account)', powerless.appId])
    assert.match((await refusal('group list')).said, /\(AuthorizationFailed\)/)
    await az('logout')
  })

  await t.test('as a user with a password', async () => {
    await az(`login -u ${person.userPrincipalName} -p '${userPassword}'`)
    assert.equal(await az('ad signed-in-user show --query id'), person.id)
    await signedInAs(person.userPrincipalName, 'user')
  })

  await t.test('as a user on another device, with a code', async () => {
    // The code is a warning, of which az tells only those who want to hear warnings.
    const said = join(lane.home, 'said')
    await writeFile(said, '')
    const login = az(`login --use-device-code 2> ${said}`, { AZURE_CORE_ONLY_SHOW_ERRORS: 'false' })
    const [, address = '', code = ''] = await writes(
      said,
      /open the page (\S+) and enter the code (\w+) to auth/,
      login,
    )
    const askedForCode = await openPage(lazuli, address)
    const askedForName = await askedForCode.submit({ user_code: code.toLowerCase() })
    assert.match(askedForName.text, new RegExp(`Microsoft Azure CLI.*${code}`, 's'))
    const username = person.userPrincipalName
    assert.equal((await askedForName.submit({ username, password: 'wrong' })).status, 400)
    const done = await askedForName.submit({ username, password: userPassword })
    assert.match(done.text, /You have signed in/)
    const [account] = await login
    assert.deepEqual(account.user, { name: username, type: 'user' })
    await signedInAs(username, 'user')
  })

  await t.test('for as many resources as it wants tokens for', async () => {
    await az(asApplication(admin.clientId, `-p '${admin.clientSecret}'`))
    const audience = async (options: string) => {
      const token = await az(`account get-access-token ${options}`)
      assert.partialDeepStrictEqual(token, { tenant: tenantId, tokenType: 'Bearer' })
      const { aud, appid, tid } = claimsOf(token.accessToken)
      assert.deepEqual([appid, tid], [admin.clientId, tenantId])
      return aud
    }
    assert.equal(await audience('--resource https://vault.azure.net'), 'https://vault.azure.net')
    assert.equal(await audience('--scope https://storage.azure.com/.default'), 'https://storage.azure.com')
    assert.equal((await az(`account get-access-token --subscription ${subscriptionId}`)).subscription, subscriptionId)
    await az('logout')
  })

  await t.test('never with what is wrong', async () => {
    // az asks for no token while it has one, however wrong the secret.
    await az('account clear')
    for (const [command, code] of [
      [asApplication(admin.clientId, '-p wrong'), 'AADSTS7000215'],
      [asApplication('00000000-0000-0000-0000-000000000001', '-p wrong'), 'AADSTS700016'],
      [asApplication(admin.clientId, `--certificate '${pem.both}'`), 'AADSTS700027'],
      [`login -u ${person.userPrincipalName} -p wrong`, 'AADSTS50126'],
      [`login -u nobody@lazuli.onmicrosoft.com -p wrong`, 'AADSTS50126'],
    ] as const) {
      const { exitCode, said } = await refusal(command)
      assert.deepEqual([exitCode, /AADSTS\d+/.exec(said)?.[0]], [1, code], said)
    }
    assert.match((await refusal('account show')).said, /Please run 'az login'/)
  })

  async function selfSigned(name: string) {
    const [key, certificate, both] = ['key', 'certificate', 'both'].map(part => join(lane.home, `${name}-${part}.pem`))
    assert.ok(key && certificate && both)
    const subject = ['-subj', `/CN=${name}`, '-days', '1']
    const files = ['-keyout', key, '-out', certificate]
    const argv = ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files]
    const { exitCode, stderr } = await lazuli.run(argv)
    assert.equal(exitCode, 0, stderr)
    await writeFile(both, (await readFile(key, 'utf8')) + (await readFile(certificate, 'utf8')))
    return { certificate, both }
  }
})
