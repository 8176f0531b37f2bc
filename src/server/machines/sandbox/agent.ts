/**
 * How the agent gets into a machine: its program and the Node that runs it are the server's own files, mounted, so that
 * nothing is copied and a machine runs the agent that fits its server. What is the machine's own is its key.
 */

import { generateKeyPairSync } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from '../../store/durable-file.ts'
import type { AgentProgram } from '../driver.ts'
import { fabricAddress } from './network.ts'
import type { BindMount } from './oci.ts'
import type { Site } from './site.ts'

const place = '/usr/lib/lazuli'
const identityFile = '/etc/lazuli/agent.json'
const fabricPort = 443

/** For small machines: what the agent holds is little, and it has nothing to do in parallel. */
const nodeOptions = '--disable-warning=ExperimentalWarning --max-old-space-size=64 --v8-pool-size=1'

/**
 * Ordered behind sshd, which is what people wait for. Only the agent itself is ended with its unit: extensions leave
 * programs running in the background, which an agent that starts anew must not take along.
 */
export const agentUnit = {
  path: 'etc/systemd/system/lazuli-agent.service',
  wantedBy: 'etc/systemd/system/multi-user.target.wants/lazuli-agent.service',
  text: `[Unit]
Description=Lazuli machine agent
After=ssh.service sshd.service
ConditionPathExists=${identityFile}
StartLimitIntervalSec=0

[Service]
ExecStart=${place}/site/start
Restart=always
RestartSec=1
KillMode=process
TimeoutStopSec=2s
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
`,
}

/** Writes what is alike in all machines of a site, and says what is to be seen where in each of them. */
export async function placeAgent(
  site: Site,
  { program, caPem, nodePath }: { program: AgentProgram; caPem: string; nodePath: string },
): Promise<BindMount[]> {
  const folder = join(site.stateDir, 'agent')
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const server = { url: program.url, address: fabricAddress, port: fabricPort, version: program.version, ca: caPem }
  const command = `${place}/node ${nodeOptions} ${place}/program/${program.entry} ${identityFile} ${place}/site/server.json`
  await writeDurably(join(folder, 'server.json'), `${JSON.stringify(server)}\n`, { mode: 0o644 })
  await writeDurably(join(folder, 'start'), `#!/bin/sh\nexec ${command}\n`, { mode: 0o755 })
  return [
    { source: nodePath, destination: `${place}/node` },
    { source: program.folder, destination: `${place}/program` },
    { source: folder, destination: `${place}/site` },
  ]
}

/** A key of its own for a new machine: the file that its agent finds, and the public half as base64 of an SPKI. */
export function makeIdentity(machineId: string): { path: string; text: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const identity = { machineId, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
  return {
    path: identityFile.slice(1),
    text: `${JSON.stringify(identity)}\n`,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  }
}
