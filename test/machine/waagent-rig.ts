/** A machine with Azure's own guest agent in it and nothing of ours, not even Node, before a wire server of ours. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { packageStandalone } from '../../package-extensions.ts'
import { madeOfSources } from '../../src/server/checkout.ts'
import { archiveName, builtIn } from '../../src/server/extensions/built-in.ts'
import { filesBelow, zip } from '../../src/server/extensions/write-zip.ts'
import type { MachineFacts } from '../../src/server/machines/driver.ts'
import { ensureImage } from '../../src/server/machines/images.ts'
import { probeHost } from '../../src/server/machines/probe.ts'
import { run } from '../../src/server/machines/run.ts'
import { execInContainer } from '../../src/server/machines/sandbox/container.ts'
import { mountDisk } from '../../src/server/machines/sandbox/disk.ts'
import { bringUp } from '../../src/server/machines/sandbox/lifecycle.ts'
import { macAddress, metadataAddress, openNetwork } from '../../src/server/machines/sandbox/network.ts'
import { provision } from '../../src/server/machines/sandbox/provision.ts'
import { writeRecord } from '../../src/server/machines/sandbox/record.ts'
import { machinePlace, site } from '../../src/server/machines/sandbox/site.ts'
import { openSockets } from '../../src/server/machines/sandbox/sockets.ts'
import { nextAddress } from '../../src/server/machines/sandbox/subnets.ts'
import { type Place, place, user } from './rig.ts'
import { waagentRecipe } from './waagent-recipe.ts'
import { openWireServer, type WireServer, wireAddress } from './wire-server.ts'

export type AzureMachine = {
  readonly at: Place
  readonly facts: MachineFacts
  readonly wire: WireServer
  /** Runs a shell script as root in the machine. */
  sh(script: string): Promise<string>
}

/** The agent begins at once, and finds a goal state without extensions. */
export async function openAzureMachine(t: TestContext): Promise<AzureMachine> {
  // Before the place's own, which looks for what is left.
  let closePorts = () => {}
  t.after(() => closePorts())
  const at = await place(t)
  const { cacheDir, instance, stateDir } = at
  const { sandbox } = await probeHost({ stateDir, cacheDir, instance, run })
  assert.ok(sandbox)
  const host = { site: site(instance, stateDir), run, ...sandbox }
  const image = await ensureImage({ cacheDir, recipe: waagentRecipe, run, progress: line => t.diagnostic(line) })

  const id = randomUUID()
  const where = machinePlace(host.site, id)
  await mkdir(where.folder, { recursive: true, mode: 0o700 })
  const layers = [image.root]
  await mountDisk(where, { layers, kind: host.diskKind, run })
  const sshPublicKeys = [await readFile(join(at.folder, 'key.pub'), 'utf8')]
  const spec = { id, computerName: 'vm1', image: 'waagent', cpus: 1, memoryMiB: 512 }
  const admin = { username: user, sshPublicKeys, passwordAuthentication: false }
  const { hostKeys } = await provision(where.merged, { ...spec, admin }, run)

  const plan = await openNetwork(host.site, run)
  const facts = {
    ...{ address: nextAddress(plan.subnet, new Set()), prefixLength: plan.prefixLength, subnet: plan.subnet },
    ...{ macAddress: macAddress(id), hostKeys, os: image.os },
  }
  const wire = await openWireServer(at.folder)
  wire.want([])
  closePorts = await openPorts(host.site.network, wire)
  const { computerName, cpus, memoryMiB } = spec
  const record = { id, computerName, cpus, memoryMiB, layers, rest: 'stopped', facts } as const
  await writeRecord(where, record)
  await bringUp(host, record, { plan, binds: [] })

  let execs = 0
  return {
    at,
    facts,
    wire,
    async sh(script) {
      execs += 1
      const argv = ['sh', '-c', script]
      const { exitCode, stdout, stderr } = await execInContainer({ site: host.site, place: where, run }, argv, {
        token: `${execs}`,
      })
      assert.equal(exitCode, 0, `${script}: ${stderr}`)
      return stdout.trim()
    },
  }
}

const hostPluginPort = 32526

/** Returns what closes them. */
async function openPorts(network: string, { server }: WireServer): Promise<() => void> {
  const allow = ['insert', 'rule', 'inet', 'lazuli', 'input', 'iifname', '"m*"', 'tcp', 'dport']
  for (const port of [80, hostPluginPort])
    await run('ip', ['netns', 'exec', network, 'nft', ...allow, String(port), 'accept'])
  const { tcp } = await openSockets(network, process.execPath, [
    { kind: 'tcp', address: wireAddress, port: 80 },
    { kind: 'tcp', address: wireAddress, port: hostPluginPort },
    { kind: 'tcp', address: metadataAddress, port: 80 },
  ])
  for (const listener of tcp) listener.on('connection', (socket: Socket) => server.emit('connection', socket))
  return () => {
    for (const listener of tcp) listener.close()
    server.closeAllConnections()
  }
}

/** The package of an extension that carries its own Node; made once for all tests. */
export const standalonePackage = (name: string): Promise<string> => {
  const called = builtIn[name]
  assert.ok(called)
  const sources = ['src/extensions', 'src/certificate-bundle', 'src/metadata', 'src/wire']
  return madeOfSources(`standalone/${archiveName(called)}`, sources, async draft => {
    await packageStandalone(name, join(draft, 'folder'))
    const archive = join(draft, 'archive.zip')
    await writeFile(archive, zip(filesBelow(join(draft, 'folder'))))
    return archive
  })
}
