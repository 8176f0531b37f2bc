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
      await new Promise(done => process.send({ opened: wish.kind }, socket, done))
      socket.close()
    }
  } catch (error) {
    process.send({ failed: error.message })
  }
})`

type Opened = { readonly tcp: Server[]; readonly udp: Socket[] }

/** Opens all of `wishes` in the named namespace, in order. Rejects when one of them cannot be opened. */
export async function openSockets(namespace: string, nodePath: string, wishes: readonly SocketWish[]): Promise<Opened> {
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, nodePath, '-e', openAndHandOver], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const opened: Opened = { tcp: [], udp: [] }
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-2000)
  })
  const complete = new Promise<Opened>((resolve, reject) => {
    child.on('message', (message: { opened?: 'tcp' | 'udp'; failed?: string }, handle) => {
      if (message.opened === 'tcp') opened.tcp.push(handle as Server)
      if (message.opened === 'udp') opened.udp.push(handle as Socket)
      if (message.failed) reject(new Error(message.failed))
      if (opened.tcp.length + opened.udp.length === wishes.length) resolve(opened)
    })
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`exit code ${code} ${complaint}`)))
  })
  try {
    child.send(wishes)
    return await complete
  } catch (cause) {
    for (const socket of [...opened.tcp, ...opened.udp]) socket.close()
    throw new Error(`No sockets in network namespace ${namespace}: ${reasonOf(cause)}`, { cause })
  } finally {
    // It lives as long as the channel to it.
    if (child.connected) child.disconnect()
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
