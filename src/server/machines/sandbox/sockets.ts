/** Sockets that listen in another network namespace and yet belong to this process. */

import { spawn } from 'node:child_process'
import type { Socket } from 'node:dgram'
import type { Server } from 'node:net'

export type SocketWish = { readonly kind: 'tcp' | 'udp'; readonly address: string; readonly port: number }

/**
 * A process cannot change its namespace and come back as long as it has several threads, as Node has. So another one
 * enters, opens the sockets, hands them over and ends. It closes its own copies, or the ports would outlive us.
 */
const openAndHandOver = `
const net = require('node:net'), dgram = require('node:dgram')
const open = ({ kind, address, port }) => new Promise((resolve, reject) => {
  const socket = kind === 'tcp' ? net.createServer() : dgram.createSocket('udp4')
  socket.once('error', reject).once('listening', () => resolve(socket))
  if (kind === 'tcp') socket.listen({ port, host: address, backlog: 511 })
  else socket.bind({ port, address })
})
process.once('message', async wishes => {
  try {
    for (const wish of wishes) {
      const socket = await open(wish)
      await new Promise(done => process.send({ opened: wish }, socket, done))
      socket.close()
    }
    process.send({ done: true }, () => process.disconnect())
  } catch (error) {
    process.send({ failed: error.message }, () => process.disconnect())
  }
})`

type Opened = { readonly tcp: Server[]; readonly udp: Socket[] }

/** Opens all of `wishes` in the named namespace, in order. Rejects when one of them cannot be opened. */
export function openSockets(namespace: string, nodePath: string, wishes: readonly SocketWish[]): Promise<Opened> {
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, nodePath, '-e', openAndHandOver], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const opened: Opened = { tcp: [], udp: [] }
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-2000)
  })
  return new Promise((resolve, reject) => {
    let isDone = false
    child.on('message', (message: { opened?: SocketWish; done?: true; failed?: string }, handle) => {
      if (message.opened?.kind === 'tcp') opened.tcp.push(handle as Server)
      if (message.opened?.kind === 'udp') opened.udp.push(handle as Socket)
      if (message.failed) complaint = message.failed
      if (message.done) isDone = true
    })
    child.once('error', reject)
    child.once('exit', code => {
      if (isDone) return resolve(opened)
      for (const socket of [...opened.tcp, ...opened.udp]) socket.close()
      reject(new Error(`No sockets in network namespace ${namespace} (exit code ${code}): ${complaint}`))
    })
    child.send(wishes)
  })
}
