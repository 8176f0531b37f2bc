import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Enrolment } from '../wire/agent-report.ts'
import { observedCertificatesFile, pokeSocket } from '../wire/observed-certificates.ts'
import { ensureCertificate } from './certificate.ts'
import { readIfPresent, writeDurably } from './files.ts'
import { hostFacts } from './host-facts.ts'
import type { Log } from './log.ts'
import { openObservedCertificates } from './observed-certificates.ts'
import { openReporting } from './reporting.ts'
import { openAgentLog } from './runner/agent-log.ts'
import { openCommands } from './runner/commands.ts'
import { azureTimeLimits, type TimeLimits } from './runner/handler-command.ts'
import type { Layout } from './runner/layout.ts'
import { packagesFrom } from './runner/packages.ts'
import { openRunner } from './runner/runner.ts'
import { readBody, type Send } from './server.ts'
import { pauseMs, watchGoalState } from './watch.ts'

export type AgentParts = {
  readonly send: Send
  readonly layout: Layout
  /** Where the agent keeps what is its own. */
  readonly state: string
  /** Of the machine's file system: `/` but in tests. */
  readonly root: string
  /** What the commands of extensions find in their environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly limits?: TimeLimits
  readonly now: () => number
  readonly random: () => number
  readonly pause: (ms: number) => Promise<void>
  readonly log: Log
  readonly version: string
  readonly signal: AbortSignal
}

/** How often status files are looked at that may have changed by themselves. */
const lookEveryMs = 1_000

/** The whole of what an agent does, until the signal is given. */
export async function runAgent(parts: AgentParts): Promise<void> {
  const { send, layout, state, pause, log, now, random, signal, version, environment } = parts
  await mkdir(state, { recursive: true, mode: 0o700 })
  const certificate = await ensureCertificate(layout.lib, now())
  const agentLog = openAgentLog(parts.root, now)
  agentLog('INFO', undefined, `Lazuli-Agent-${version} running as process ${process.pid}`)

  let goalState = ''
  const reporting = openReporting({
    send,
    compose: async () => ({
      agentVersion: version,
      goalState,
      ...(await hostFacts(parts.root)),
      handlers: [...runner.reports()],
    }),
    log,
    random,
    pause,
    signal,
  })
  const runner = openRunner({
    layout,
    limits: parts.limits ?? azureTimeLimits,
    environment,
    now,
    pause,
    log,
    agentLog,
    fetchPackage: packagesFrom(send, pause),
    onChange: reporting.changed,
  })
  const commands = openCommands({ folder: join(state, 'commands'), send, environment, now, pause, log, signal })
  const remembered = join(state, 'goal-state.json')
  const observed = openObservedCertificates({
    ...{ send, log },
    list: join(parts.root, observedCertificatesFile),
    socket: join(parts.root, pokeSocket),
  })

  const lookNowAndThen = async () => {
    while (!signal.aborted) {
      await pause(lookEveryMs)
      await runner.look().catch(error => log('warn', 'a status could not be read', { error }))
      await observed.look()
    }
  }
  // The server needs the certificate before it can say what is secret. When it is away, what it said before holds.
  const enrolment = enrol({ certificate: certificate.pem }, parts)
  await enrolment.attempted
  await Promise.all([
    enrolment.done.then(() => reporting.run()),
    watchGoalState({
      ...parts,
      remembered: { read: () => readIfPresent(remembered), write: text => writeDurably(remembered, text, 0o600) },
      onReturn: () => {
        reporting.changed()
        observed.forget()
      },
      onGoalState: (goal, etag) => {
        goalState = etag
        runner.apply(goal)
        commands.apply(goal.commands)
        observed.apply(goal.changedSecrets)
        reporting.changed()
      },
    }),
    lookNowAndThen(),
  ])
  await Promise.all([runner.settled(), commands.settled()])
}

/** Makes the machine's certificate known, in as many attempts as it takes. */
function enrol(enrolment: Enrolment, { send, pause, log, random, signal }: AgentParts) {
  let attempted = () => {}
  const firstAttempt = new Promise<void>(resolve => {
    attempted = resolve
  })
  async function tryUntilDone(): Promise<void> {
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        const answer = await send('PUT', '/enrolment', { body: enrolment })
        const text = (await readBody(answer)).toString('utf8')
        if (answer.status < 300) return
        throw new Error(`the server answers ${answer.status} ${text.slice(0, 200)}`)
      } catch (error) {
        if (failures === 1) log('warn', 'the machine could not be enrolled yet', { error })
        attempted()
        await pause(pauseMs(failures, random()))
      }
    }
  }
  return { attempted: firstAttempt, done: tryUntilDone().finally(attempted) }
}
