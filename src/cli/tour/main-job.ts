/** The main job, step by step: a machine asks for a token of its identity and may use it once a role is assigned. */

import { type Client, signIn } from '../client.ts'
import { failed } from '../failure.ts'
import type { Installation } from '../installation.ts'
import { findMachine } from '../machines.ts'
import { print, styled } from '../print.ts'
import { finished } from './finished.ts'
import { type Inside, insideMachine } from './inside.ts'
import { ownSshPublicKey } from './own-ssh-key.ts'
import { names, paths } from './places.ts'

type Progress = (line: string) => void
type Resource = { readonly id: string; readonly properties: Readonly<Record<string, unknown>> }
type Machine = Resource & { readonly identity: { readonly principalId: string } }

/** The role Reader: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

/** Shows it all, with real commands and their real answers. What an earlier visit left is used again. */
export async function showMainJob(installation: Installation, progress: Progress): Promise<void> {
  const client = await signIn(installation)
  const at = paths(installation.administrator.subscriptionId)

  heading('A resource group, an identity, and a machine that has it')
  await put(client, at.group, { location: names.location })
  await put(client, at.identity, { location: names.location })
  const machine = await makeMachine(installation, client, progress)
  // Left by an earlier visit, it would spoil the first answer.
  await client.ask('DELETE', at.assignment)

  const inside = await insideMachine(installation, await findMachine(client, machine.id))
  const { askForToken, takeToken, askForGroup } = commands(at.group)
  heading(`${inside.place}: a token, without any password`)
  print(inside.enter)
  show(inside, askForToken, shortened(await inside.run(askForToken)))

  heading('The token says who the machine is, but not yet what it may do')
  show(inside, takeToken)
  const refused = await inside.run(`${takeToken}\n${askForGroup}`)
  show(inside, askForGroup, refused)
  expect(refused, 'HTTP 403', 'AuthorizationFailed')

  heading('The administrator lets it read the resource group')
  const assignment = await put(client, at.assignment, {
    properties: {
      roleDefinitionId: `${at.subscription}/providers/Microsoft.Authorization/roleDefinitions/${reader}`,
      principalId: machine.identity.principalId,
      principalType: 'ServicePrincipal',
    },
  })
  print(JSON.stringify(assignment, null, 2))

  heading(`${inside.place} again: the same call`)
  const allowed = await inside.run(`${takeToken}\n${askForGroup}`)
  show(inside, askForGroup, allowed)
  expect(allowed, 'HTTP 200', names.group)
}

/** What is typed in the machine. */
function commands(group: string) {
  const tokenUrl =
    'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/'
  const groupUrl = `https://management.azure.com${pathOf(group)}?api-version=2016-09-01`
  const askForToken = `curl -s '${tokenUrl}' -H Metadata:true`
  return {
    askForToken,
    takeToken: `TOKEN=$(${askForToken} | grep -o '"access_token":"[^"]*' | cut -d'"' -f4)`,
    askForGroup: `curl -sw '\\nHTTP %{http_code}\\n' "${groupUrl}" -H "Authorization: Bearer $TOKEN"`,
  }
}

const pathOf = (pathAndQuery: string) => pathAndQuery.split('?')[0] ?? ''

/** Deletes the resource group and with it everything that `showMainJob` made. */
export async function removeMainJob(installation: Installation, progress: Progress): Promise<void> {
  const client = await signIn(installation)
  const { group } = paths(installation.administrator.subscriptionId)
  const answer = await client.send('DELETE', group)
  print(`DELETE ${group} → ${answer.status}`)
  await finished(client, answer)
  progress('Everything is removed.')
}

async function put(client: Client, path: string, body: unknown): Promise<Resource> {
  const answer = await client.send('PUT', path, body)
  print(`PUT ${path} → ${answer.status}`)
  await finished(client, answer)
  return JSON.parse(answer.text)
}

async function makeMachine(installation: Installation, client: Client, progress: Progress): Promise<Machine> {
  const { machine, identity } = paths(installation.administrator.subscriptionId)
  const known = await client.send('GET', machine)
  if (known.status === 404) {
    const keyData = await ownSshPublicKey(installation.directory)
    progress('The machine is being made.')
    const startedAt = performance.now()
    await put(client, machine, {
      location: names.location,
      identity: {
        type: 'SystemAssigned, UserAssigned',
        userAssignedIdentities: { [pathOf(identity)]: {} },
      },
      properties: {
        storageProfile: {
          imageReference: { publisher: 'Debian', offer: 'debian-12', sku: '12-gen2', version: 'latest' },
        },
        osProfile: {
          computerName: names.machine,
          adminUsername: names.user,
          linuxConfiguration: {
            disablePasswordAuthentication: true,
            ssh: { publicKeys: [{ path: `/home/${names.user}/.ssh/authorized_keys`, keyData }] },
          },
        },
      },
    })
    progress(`It took ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`)
  } else {
    print(`GET ${machine} → ${known.status}`)
    await finished(client, await client.send('POST', machine.replace('?', '/start?')))
  }
  return client.ask<Machine>('GET', machine)
}

function heading(text: string): void {
  print(`\n${styled('bold', text)}`)
}

function show(inside: Inside, command: string, output?: string): void {
  print(`${styled('cyan', inside.prompt)}${command}`)
  if (output !== undefined) print(output.trimEnd())
}

/** A token is a secret; its first characters are enough to recognize one. */
const shortened = (answer: string) => answer.replace(/("access_token"\s*:\s*"[^"]{24})[^"]*/, '$1…')

/** The tour is also the proof that all this works: it must not go on as if, when it does not. */
function expect(answer: string, ...parts: string[]): void {
  const missing = parts.find(part => !answer.includes(part))
  if (missing !== undefined)
    throw failed(`This should have said ${missing}.`, 'See what the server has to say: lazuli logs')
}
