/** What an agent tells the server: how its machine is, what became of its extensions, what a command has said. */

import * as z from 'zod'

const line = z.string().max(1024)
const message = z.string().max(64 * 1024)

/** Sent when the agent starts. */
export const enrolment = z.object({
  /** PEM. Protected settings are encrypted for this certificate; its private key stays in the machine. */
  certificate: z.string().max(8192),
})
export type Enrolment = z.infer<typeof enrolment>

const words = z.object({ lang: line, message })

const outcome = z.enum(['transitioning', 'warning', 'error', 'success'])
export type Outcome = z.infer<typeof outcome>

/** An extension's own words, from its status file. */
const extensionStatus = z.object({
  name: line.optional(),
  operation: line.optional(),
  status: outcome,
  code: z.union([line, z.number()]),
  formattedMessage: words,
  substatus: z
    .array(
      z.object({
        name: line,
        status: outcome,
        code: z.union([line, z.number()]),
        formattedMessage: words,
      }),
    )
    .max(100)
    .optional(),
})
export type ExtensionStatus = z.infer<typeof extensionStatus>

export const handlerReport = z.object({
  name: line,
  handler: line,
  version: line,
  incarnation: line,
  /** The settings that were applied last, or are being applied. */
  sequenceNumber: z.int(),
  status: z.enum(['Ready', 'NotReady', 'Installing', 'Unresponsive']),
  code: z.int(),
  message,
  /** What the extension says of these settings; the agent's own words where it says nothing. */
  extension: z.object({ timestampUTC: line, status: extensionStatus }).optional(),
})
export type HandlerReport = z.infer<typeof handlerReport>

export const agentReport = z.object({
  agentVersion: line,
  /** The ETag of the goal state that the agent works by; empty when it has none of the server's yet. */
  goalState: line,
  computerName: line,
  os: z.object({ name: line, version: line }),
  hostKeys: z.array(z.object({ type: line, publicKey: message, fingerprint: line })).max(16),
  addresses: z.array(line).max(64),
  handlers: z.array(handlerReport).max(64),
})
export type AgentReport = z.infer<typeof agentReport>

export const commandResult = z.object({
  /** -1 when no process ended by itself: it could not be started, or its time was over. */
  exitCode: z.int(),
  stdout: message,
  stderr: message,
  /** What kept it from ending by itself; empty when nothing did. */
  problem: line,
  /** ISO 8601. */
  startedAt: line,
  endedAt: line,
})
export type CommandResult = z.infer<typeof commandResult>

const text = z.string().max(2048)
const time = z.iso.datetime()

/** A certificate that the Key Vault extension of a machine keeps from a vault. */
export const observedCertificate = z.object({
  /** `https://<vault>/secrets/<name>`, with the case of the settings. */
  id: text,
  /** The link that programs use. */
  path: text,
  installed: z.object({ version: z.string().max(64), notBefore: time, notAfter: time }).nullable(),
  nextPoll: time.nullable(),
  lastPoll: time.nullable(),
  /** Empty when the last poll went well. */
  lastError: text,
  /** What came of the last renewal; empty when there was none. */
  lastRenewal: text,
})
export type ObservedCertificate = z.infer<typeof observedCertificate>

export const observedCertificates = z.object({ certificates: z.array(observedCertificate).max(10_000) })
export type ObservedCertificates = z.infer<typeof observedCertificates>
