import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { metadataService } from '../metadata/instance-metadata.ts'
import { systemGrant } from './access/grant.ts'
import { createAttestedSigner } from './certificates/attested-signer.ts'
import { openLocalCa } from './certificates/local-ca.ts'
import { createSecureContexts } from './certificates/secure-contexts.ts'
import { writeTrustBundle } from './certificates/trust-bundle.ts'
import { shiftableClock } from './clock.ts'
import { type Config, instanceOf } from './config.ts'
import { openDirectory } from './directory/bootstrap.ts'
import { fewPerAddress } from './door/few-per-address.ts'
import { askThrough, type Door, openDoor } from './door/handle.ts'
import { bindPort, openEars } from './door/listen.ts'
import { agentHost, certificateNames, namesInMachines } from './door/names.ts'
import { serveMetadata } from './door/serve-metadata.ts'
import { openTickets } from './door/tickets.ts'
import { builtInPackages } from './extensions/built-in.ts'
import { openPackages } from './extensions/packages.ts'
import { keepSwept } from './extents/sweep.ts'
import { openLog } from './log.ts'
import { agentProgram } from './machines/agent-program.ts'
import { openMachines } from './machines/machines.ts'
import { metadataMachines } from './machines/metadata.ts'
import { chooseDriver } from './machines/open.ts'
import { openParts } from './open-parts.ts'
import { openPlanes, planeFinder } from './planes/index.ts'
import { openDueWork } from './planes/key-vault/due-work.ts'
import { carriesOut } from './resources/carry.ts'
import { clockShiftSetting, keepClock } from './resources/lazuli.server/clock.ts'
import { lockDirectory } from './store/directory-lock.ts'
import { openStore, type Store } from './store/open.ts'
import { makePrivateFolder } from './store/private-folder.ts'
import { issueManagedIdentityToken } from './tokens/managed-identity.ts'
import { openSigningKeys } from './tokens/signing-keys.ts'
import { openTokens } from './tokens/tokens.ts'
import { keepPurging } from './vaults/purging.ts'
import { version } from './version.ts'
import { keepYoungSpace } from './young-space.ts'

/** A running server. */
export type RunningServer = {
  readonly url: string
  readonly machines: { readonly kind: 'sandbox' | 'none'; readonly missing: readonly string[] }
  /** Resolves when the server has ended, by `close` or because a client asked for it. */
  readonly ended: Promise<void>
  close(options: { machines: 'keep' | 'stop' }): Promise<void>
}

/** At once, to the planes and to the metadata address each; one takes some 60 KiB. */
const connectionsOfMachine = 512

/** What a stop waits for, at most: answers under way, then work that can go on at the next start. */
const answerLimitMs = 3_000
const workLimitMs = 1_000

/** Builds what a server consists of and wires it together: the only place that does. */
export async function startServer(config: Config, progress: (line: string) => void): Promise<RunningServer> {
  const log = openLog(config.logLevel)
  await makePrivateFolder(config.directory)
  const lock = lockDirectory(config.directory)
  const realClock = { now: Date.now }

  const bound = await bindPort(config.port)
  const settled: Config = { ...config, port: bound.port }
  const names = certificateNames(settled)
  const ca = await openLocalCa({ dir: settled.directory, clock: realClock, names })
  const caPem = ca.certificate.toString()
  await writeTrustBundle({ dir: settled.directory, caPem })

  const clock = shiftableClock(realClock.now, 0)
  const store = await openStore({
    directory: settled.directory,
    masterKeyFile: settled.masterKeyFile,
    clock,
    onAuditFailure: error => log.error({ err: error }, 'audit rows could not be written; they are kept'),
  })
  clock.shift(Number((await store.settings.get(keepClock, clockShiftSetting)) ?? 0))
  const directory = await openDirectory({ store, clock, config: settled })
  const keys = await openSigningKeys(store, clock)
  const tokens = openTokens({ config: settled, clock, keys, tenantId: directory.tenantId })
  const tickets = openTickets(await ticketKey(store))

  const driver = await chooseDriver({
    mode: settled.machines,
    stateDir: join(settled.directory, 'machines'),
    cacheDir: join(settled.cacheDirectory, 'images'),
    instance: instanceOf(settled.directory),
    fabric: {
      caPem,
      agent: { ...(await agentProgram()), url: `https://${agentHost(settled)}`, version },
      azureNames: namesInMachines,
      servePlanes: listener =>
        listener.on(
          'connection',
          fewPerAddress(connectionsOfMachine, socket => ears.serveTls(socket)),
        ),
      serveMetadata: (listener, machineAt) =>
        listener.on(
          'connection',
          fewPerAddress(connectionsOfMachine, socket => {
            machineOf.set(socket, machineAt(socket.remoteAddress ?? '') ?? '')
            ears.serveMetadata(socket)
          }),
        ),
    },
    log,
  })
  const machineOf = new WeakMap<Socket, string>()
  const machines = await openMachines({ driver, store, log })
  const packages = await openPackages({
    builtIn: await builtInPackages(),
    published: join(settled.directory, 'extensions'),
  })

  let requestStop: (options: { machines: 'keep' | 'stop' }) => void = () => undefined
  const control = {
    version,
    startedAt: Date.now(),
    tickets,
    stop: (options: { machines: 'keep' | 'stop' }) => requestStop(options),
  }
  const kept = { config: settled, clock, store, directory, tokens, machines, packages, control, log }
  const opened = await openParts({ ...kept, askFor: askThrough(() => door) })
  const { parts } = opened

  const planes = openPlanes(parts)
  const door: Door = openDoor(parts, planes, planeFinder(parts, planes))

  const attested = createAttestedSigner({ ca, clock: realClock })
  const metadata = metadataService({
    clock,
    issueToken: wish => issueManagedIdentityToken(parts, wish),
    signAttested: content => attested.sign(content),
    report: error => log.error({ err: error }, 'the metadata service failed'),
  })
  const viewOf = metadataMachines(parts)
  const ears = openEars(bound, {
    domain: settled.domain,
    tickets,
    door,
    httpChallenges: opened.httpChallenges,
    secureContexts: createSecureContexts({ ca, names, clock: realClock }),
    machineAt: socket => machineOf.get(socket),
    serveMetadata: async (incoming, outgoing, target, of) =>
      serveMetadata(metadata, await viewOf(of), incoming, outgoing, target),
  })
  await machines.start(progress)
  await parts.asyncWork.resume(carriesOut(parts))
  const purging = keepPurging(parts)
  const sweeping = keepSwept(parts)
  const dueWork = openDueWork(parts)
  keepYoungSpace()

  let closing: Promise<void> | undefined
  const close = (options: { machines: 'keep' | 'stop' }) => {
    closing ??= (async () => {
      purging.stop()
      parts.agents.stopPolls()
      await ears.close(answerLimitMs)
      await dueWork.close()
      await sweeping.stop()
      await opened.close({ workLimitMs, machines: options.machines })
      lock.release()
    })()
    return closing
  }
  const ended = new Promise<void>((resolve, reject) => {
    requestStop = options => {
      // The answer to whoever asked goes out first.
      setImmediate(() => close(options).then(resolve, reject))
    }
  })
  return {
    url: `https://localhost:${bound.port}`,
    machines: { kind: machines.kind, missing: machines.missing },
    ended,
    async close(options) {
      requestStop(options)
      await ended
    },
  }
}

const keepTicketKey = systemGrant('keep the key of proxy tickets')

async function ticketKey(store: Store): Promise<Uint8Array> {
  const name = 'ticket key'
  const known = await store.settings.get(keepTicketKey, name)
  if (known !== undefined) return store.sealing.open(name, Buffer.from(known, 'base64'))
  const key = randomBytes(32)
  const sealed = Buffer.from(store.sealing.seal(name, key)).toString('base64')
  await store.write(tx => tx.settings.put(keepTicketKey, name, sealed))
  return key
}
