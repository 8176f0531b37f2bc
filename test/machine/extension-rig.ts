/** A whole Lazuli with a real machine in it, for tests of what its agent does. */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer } from '../exchange.ts'
import { type Lazuli, startLazuli } from '../start.ts'
import { runcOf } from './runc.ts'

export const version = 'api-version=2024-11-01'

export type Rig = {
  readonly lazuli: Lazuli
  /** The machine's path in the resource manager. */
  readonly vm: string
  publish(file: string, content: Buffer): Promise<void>
  /** The answer to the PUT. */
  put(name: string, properties: object): Promise<Answer>
  /** PUTs and waits for the end; how it ended, and how long it took in ms. */
  apply(name: string, properties: object): Promise<Ended & { ms: number }>
  /** The whole of a run-command, to its end. */
  invoke(body: object): Promise<Ended>
  get(path: string): Promise<Answer>
  ended(answer: Answer): Promise<Ended>
  /** Runs a shell script as root in the machine, past the agent. */
  sh(script: string): Promise<string>
}

export type Ended = {
  readonly status: string
  readonly error?: { code: string; message: string }
  readonly properties?: { output?: unknown }
}

export async function openRig(t: TestContext): Promise<Rig> {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const group = `${lazuli.subscription}/resourceGroups/rg`
  const vm = `${group}/providers/Microsoft.Compute/virtualMachines/vm1`
  await lazuli.arm('PUT', `${group}?api-version=2021-04-01`, { body: { location: 'westeurope' } })
  const image = {
    publisher: 'Canonical',
    offer: '0001-com-ubuntu-server-jammy',
    sku: '22_04-lts-gen2',
    version: 'latest',
  }
  const made = await lazuli.arm('PUT', `${vm}?${version}`, {
    body: {
      location: 'westeurope',
      properties: {
        hardwareProfile: { vmSize: 'Standard_B1s' },
        storageProfile: { imageReference: image },
        osProfile: { computerName: 'vm1', adminUsername: 'azureuser', adminPassword: 'Correct horse 1' },
      },
    },
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))

  assert.equal((await ended(lazuli, made)).status, 'Succeeded')

  const { vmId } = (await lazuli.arm('GET', `${vm}?${version}`)).body.properties
  const put: Rig['put'] = (name, properties) =>
    lazuli.arm('PUT', `${vm}/extensions/${name}?${version}`, { body: { location: 'westeurope', properties } })
  return {
    lazuli,
    vm,
    ended: answer => ended(lazuli, answer),
    put,
    async publish(file, content) {
      const answer = await lazuli.arm('PUT', `/providers/Lazuli.Server/extensionPackages/${file}`, { raw: content })
      assert.equal(answer.status, 201, JSON.stringify(answer.body))
    },
    async apply(name, properties) {
      const begun = performance.now()
      const end = await ended(lazuli, await put(name, properties))
      return { ...end, ms: performance.now() - begun }
    },
    invoke: async body => ended(lazuli, await lazuli.arm('POST', `${vm}/runCommand?${version}`, { body })),
    get: path => lazuli.arm('GET', `${vm}${path}${path.includes('?') ? '&' : '?'}${version}`),
    async sh(script) {
      const runc = [...runcOf(lazuli), 'exec', vmId, 'sh', '-c', script]
      const { exitCode, stdout, stderr } = await lazuli.run(runc)
      assert.equal(exitCode, 0, `${script}: ${stderr}`)
      return stdout.trim()
    },
  }
}

/** Waits until the work that an answer has promised is over. */
export async function ended(lazuli: Lazuli, answer: Answer): Promise<Ended> {
  const poll = String(answer.headers['azure-asyncoperation'])
  assert.notEqual(poll, 'undefined', `${answer.status} ${JSON.stringify(answer.body)}`)
  for (;;) {
    const { body } = await lazuli.arm<Ended>('GET', new URL(poll).pathname + new URL(poll).search)
    if (body.status !== 'InProgress') return body
    await pause(30)
  }
}
