import { test } from 'node:test'
import { type Lazuli, startLazuli } from '../start.ts'
import { assignReader, expect, type Identity, newGroup, newIdentity, newMachine } from './arrange.ts'
import { runTests, throughTheProxy } from './ways.ts'

test('a program that acts as a machine gets the tokens of the machine’s identities', async t => {
  const lazuli = await startLazuli(t)
  const group = await newGroup(lazuli)
  const [one, two, foreign] = [
    await newIdentity(lazuli, group),
    await newIdentity(lazuli, group),
    await newIdentity(lazuli, group),
  ]
  const machine = await newMachine(lazuli, group, {
    identity: {
      type: 'SystemAssigned, UserAssigned',
      userAssignedIdentities: { [one.id]: {}, [two.id]: {} },
    },
  })
  const principalId = machine.identity.principalId ?? ''
  for (const reader of [principalId, one.principalId, two.principalId]) await assignReader(lazuli, group, reader)
  await trust(lazuli, foreign, principalId)

  await runTests(t, lazuli, 'managed-identity', throughTheProxy(machine.name), {
    // A machine knows no secret.
    AZURE_CLIENT_ID: '',
    AZURE_CLIENT_SECRET: '',
    GROUP: group.split('/').at(-1) ?? '',
    MACHINE: machine.id,
    SYSTEM_ASSIGNED: principalId,
    ONE: JSON.stringify(one),
    TWO: JSON.stringify(two),
    FOREIGN: JSON.stringify(foreign),
  })
})

/** From now on, a token of ours for that principal is as good as a secret of the identity. */
async function trust(lazuli: Lazuli, identity: Identity, subject: string): Promise<void> {
  const path = `${identity.id}/federatedIdentityCredentials/machine?api-version=2023-01-31`
  const properties = {
    issuer: `https://login.microsoftonline.com/${lazuli.env.tenantId}/v2.0`,
    subject,
    audiences: ['api://AzureADTokenExchange'],
  }
  await expect(201, lazuli.arm('PUT', path, { body: { properties } }))
}
