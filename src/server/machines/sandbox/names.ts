/**
 * The name server that machines ask at 168.63.129.16. It knows Azure's names and the machines' own, says "no such name"
 * to all others at once, and forwards nothing. RFC 1035 is what the section numbers mean.
 */

import type { Socket } from 'node:dgram'

/** The address for a lower-case name without the last dot; undefined when there is no such name. */
export type Lookup = (name: string) => string | undefined

const typeA = 1
const typeAny = 255
const classInternet = 1
const headerBytes = 12
const ttlSec = 10

const responseCode = { ok: 0, formatError: 1, noSuchName: 3, notImplemented: 4 }

export function serveNames(socket: Socket, lookup: Lookup): void {
  socket.on('message', (query, from) => {
    // Root in a machine can send from port 0, to which nobody can send: trying to would end the server.
    if (from.port === 0) return
    const reply = answer(query, lookup)
    // A machine that has gone cannot be told anything.
    if (reply) socket.send(reply, from.port, from.address, () => undefined)
  })
}

/** The reply to a query; undefined for what must not be answered, such as another reply. */
export function answer(query: Buffer, lookup: Lookup): Buffer | undefined {
  if (query.length < headerBytes) return undefined
  const flags = query.readUInt16BE(2)
  if (flags & 0x8000) return undefined
  const operation = (flags >> 11) & 0xf
  if (operation !== 0) return reply(query, responseCode.notImplemented)
  const question = query.readUInt16BE(4) === 1 ? readQuestion(query) : undefined
  if (!question) return reply(query, responseCode.formatError)

  const asked = query.subarray(headerBytes, question.end)
  const address = question.class === classInternet ? lookup(question.name) : undefined
  if (address === undefined) return reply(query, responseCode.noSuchName, asked)
  // A name without addresses of the asked kind exists all the same; "no such name" would make resolvers give up on it.
  if (question.type !== typeA && question.type !== typeAny) return reply(query, responseCode.ok, asked)
  return reply(query, responseCode.ok, asked, addressRecord(address))
}

/** §4.1.2. Names in a question come first in the message, so they cannot be compressed. */
function readQuestion(query: Buffer): { name: string; type: number; class: number; end: number } | undefined {
  const labels: string[] = []
  let at = headerBytes
  for (;;) {
    const length = query[at]
    if (length === undefined || length > 63) return undefined
    at += 1
    if (length === 0) break
    labels.push(query.toString('latin1', at, at + length).toLowerCase())
    at += length
  }
  if (at + 4 > query.length) return undefined
  return { name: labels.join('.'), type: query.readUInt16BE(at), class: query.readUInt16BE(at + 2), end: at + 4 }
}

/** §4.1.1: same id, operation and "recursion desired"; a reply, and with authority. */
function reply(query: Buffer, code: number, question?: Buffer, record?: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8000 | (query.readUInt16BE(2) & 0x7900) | 0x0400 | 0x0080 | code, 2)
  header.writeUInt16BE(question ? 1 : 0, 4)
  header.writeUInt16BE(record ? 1 : 0, 6)
  return Buffer.concat([header, question ?? Buffer.alloc(0), record ?? Buffer.alloc(0)])
}

/** §4.1.3, with a pointer to the name in the question (§4.1.4). */
function addressRecord(address: string): Buffer {
  const record = Buffer.alloc(16)
  record.writeUInt16BE(0xc000 | headerBytes, 0)
  record.writeUInt16BE(typeA, 2)
  record.writeUInt16BE(classInternet, 4)
  record.writeUInt32BE(ttlSec, 6)
  record.writeUInt16BE(4, 10)
  address.split('.').forEach((octet, index) => {
    record.writeUInt8(Number(octet), 12 + index)
  })
  return record
}

/**
 * Finds a name among exact names and patterns: `.vault.azure.net` stands for every name below `vault.azure.net`, and not
 * for that name itself.
 */
export function matchesName(name: string, names: readonly string[]): boolean {
  return names.some(known => (known.startsWith('.') ? name.endsWith(known) && name !== known : name === known))
}
