import type { Socket } from 'node:net'

/**
 * Passes on no more connections at once from one address than `most`, and ends those beyond: a machine of its own cannot
 * take the memory and the file handles that everybody shares.
 */
export function fewPerAddress(most: number, take: (socket: Socket) => void): (socket: Socket) => void {
  const open = new Map<string, number>()
  return socket => {
    const address = socket.remoteAddress
    const others = open.get(address ?? '') ?? 0
    if (address === undefined || others >= most) {
      socket.destroy()
      return
    }
    open.set(address, others + 1)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left === 0) open.delete(address)
      else open.set(address, left)
    })
    take(socket)
  }
}
