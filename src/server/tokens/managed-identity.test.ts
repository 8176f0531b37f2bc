import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLazuli } from '../testing/open-lazuli.ts'
import { issueManagedIdentityToken } from './managed-identity.ts'

const group = '/subscriptions/s/resourceGroups/g/providers'
const machine = { resourceId: `${group}/Microsoft.Compute/virtualMachines/vm` }
const shared = `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/u`
const principal = {
  clientId: '11111111-1111-1111-1111-111111111111',
  principalId: '22222222-2222-2222-2222-222222222222',
}

test('a machine’s own identity and a shared one are told apart by their claims, and both last a day', async t => {
  const { parts, directory } = await openLazuli(t)
  const resource = 'https://datalake.azure.net/'
  const claimsOf = async (resourceId: string) => {
    const wish = { machine, identity: { ...principal, resourceId }, resource }
    const issued = await issueManagedIdentityToken(parts, wish)
    const verdict = await parts.tokens.verify(issued.accessToken, audience => audience === resource)
    assert.ok(verdict.valid)
    const { iat, nbf, exp, uti, ...claims } = verdict.claims
    assert.deepEqual([nbf, exp], [issued.notBefore, issued.expiresOn])
    assert.equal(exp - Number(iat), 86_700)
    assert.ok(uti)
    return claims
  }
  const issuer = `https://sts.windows.net/${directory.tenantId}/`
  const own = {
    aud: resource,
    iss: issuer,
    idp: issuer,
    tid: directory.tenantId,
    ver: '1.0',
    appid: principal.clientId,
    appidacr: '2',
    idtyp: 'app',
    oid: principal.principalId,
    sub: principal.principalId,
    xms_mirid: machine.resourceId,
  }
  assert.deepEqual(await claimsOf(machine.resourceId), own)
  assert.deepEqual(await claimsOf(shared), { ...own, xms_mirid: shared, xms_az_rid: machine.resourceId })
})

test('a resource that nobody answers to is refused as the authority would refuse it', async t => {
  const { parts } = await openLazuli(t)
  const wish = { machine, identity: { ...principal, resourceId: shared }, resource: 'https://nobody.example' }
  await assert.rejects(issueManagedIdentityToken(parts, wish), {
    message:
      /^AADSTS500011: The resource principal named https:\/\/nobody\.example was not found in the tenant named Lazuli\./,
    wording: { status: 400, code: 'invalid_resource' },
  })
})
