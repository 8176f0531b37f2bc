import type { Fabric } from '../driver.ts'
import { internalDomain } from './instance-layer.ts'
import { matchesName, serveNames } from './names.ts'
import { fabricAddress, metadataAddress } from './network.ts'
import type { Roster } from './roster.ts'
import { openSockets } from './sockets.ts'

/**
 * Opens what machines find at the fabric's addresses: metadata, Azure's names, and the planes behind them. Returns the
 * function that closes the sockets; connections that were accepted belong to `fabric`.
 */
export async function openFabric(
  network: string,
  { fabric, roster, nodePath }: { fabric: Fabric; roster: Roster; nodePath: string },
): Promise<() => void> {
  const { tcp, udp } = await openSockets(network, nodePath, [
    { kind: 'tcp', address: metadataAddress, port: 80 },
    { kind: 'tcp', address: fabricAddress, port: 443 },
    { kind: 'udp', address: fabricAddress, port: 53 },
  ])
  const [metadata, planes] = tcp
  const [names] = udp
  if (!metadata || !planes || !names) throw new Error('A socket of the machines’ network got lost on its way.')

  fabric.serveMetadata(metadata, roster.idAt)
  fabric.servePlanes(planes)
  serveNames(names, name => {
    if (matchesName(name, fabric.azureNames)) return fabricAddress
    const suffix = `.${internalDomain}`
    return roster.addressOf(name.endsWith(suffix) ? name.slice(0, -suffix.length) : name)
  })
  return () => {
    for (const socket of [metadata, planes, names]) socket.close()
  }
}
