import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import type { SignedRequest } from './shared-key.ts'
import { account, key } from './testing-key.ts'

/** A client of the official library, and the requests that it signed, taken down as they arrive. */
export async function signingClient(t: TestContext): Promise<{ client: BlobServiceClient; signed: SignedRequest[] }> {
  const signed: SignedRequest[] = []
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '', 'http://localhost')
    const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    signed.push({ method: request.method ?? '', headers, path: pathname, search })
    const made = request.method === 'PUT' && !/comp=(metadata|acl)/.test(search)
    request.resume().once('end', () => response.writeHead(made ? 201 : 200).end())
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.after(() => server.close().closeAllConnections())
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${account}`
  const credential = new StorageSharedKeyCredential(account, key.toString('base64'))
  return { client: new BlobServiceClient(endpoint, credential, { retryOptions: { maxTries: 1 } }), signed }
}
