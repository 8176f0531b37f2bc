import { generateKeyPairSync } from 'node:crypto'
import type { TestContext } from 'node:test'
import { formatPublicKey, sshPublicKey } from '../../ssh/public-key.ts'
import { type OpenLazuli, openLazuli } from '../../testing/open-lazuli.ts'

/** What the tests of this folder share: a group to put machines into, and the body that a new machine is asked for with. */

export const key = formatPublicKey(sshPublicKey(generateKeyPairSync('ed25519').publicKey, 'ann@workstation'))

export const image = {
  publisher: 'Canonical',
  offer: '0001-com-ubuntu-server-jammy',
  sku: '22_04-lts-gen2',
  version: 'latest',
}

const keyOnly = { disablePasswordAuthentication: true, ssh: { publicKeys: [{ keyData: key }] } }

export type Body = { identity?: unknown; properties?: Record<string, unknown>; [member: string]: unknown }

export const machineBody = ({ properties, ...rest }: Body = {}) => ({
  location: 'westeurope',
  ...rest,
  properties: {
    hardwareProfile: { vmSize: 'Standard_B2s' },
    storageProfile: { imageReference: image, osDisk: { createOption: 'fromImage', name: null } },
    osProfile: { computerName: 'vm1', adminUsername: 'azureuser', linuxConfiguration: keyOnly },
    ...properties,
  },
})

export type Answer = { status: number; headers: Headers; body: ReturnType<typeof JSON.parse> }

export type Group = {
  readonly lazuli: OpenLazuli
  readonly id: string
  /** By default as the administrator, with a current api-version, on a path below the group's providers. */
  send(method: string, path: string, body?: unknown, options?: { token?: string; version?: string }): Promise<Answer>
  /** Like `send`, and waits for the work that follows; its end is what is returned. */
  finish(method: string, path: string, body?: unknown): Promise<{ status: string; error?: { code: string } }>
}

export async function openGroup(t: TestContext, wish: Parameters<typeof openLazuli>[1] = {}): Promise<Group> {
  const lazuli = await openLazuli(t, wish)
  const admin = await lazuli.adminToken()
  const id = `${lazuli.subscription}/resourceGroups/rg1`

  const request = async (method: string, url: string, token: string, body?: unknown): Promise<Answer> => {
    const response = await lazuli.request(method, url, { token, body })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
  }
  const send: Group['send'] = (method, path, body, { token = admin, version = '2024-11-01' } = {}) => {
    const url = path.startsWith('/') ? path : `${id}/providers/${path}`
    return request(method, `${url}${url.includes('?') ? '&' : '?'}api-version=${version}`, token, body)
  }
  await request('PUT', `${id}?api-version=2021-04-01`, admin, { location: 'westeurope' })

  return {
    lazuli,
    id,
    send,
    async finish(method, path, body) {
      const answer = await send(method, path, body)
      const poll = answer.headers.get('azure-asyncoperation')
      if (!poll) throw new Error(`${method} ${path} was not taken up: ${answer.status} ${JSON.stringify(answer.body)}`)
      for (;;) {
        const { body: operation } = await request('GET', poll, admin)
        if (operation.status !== 'InProgress') return operation
        await new Promise(resolve => setImmediate(resolve))
      }
    },
  }
}
