import { request as httpRequest } from 'node:http'
import { type Agent, request as httpsRequest } from 'node:https'
import { FetchFailure } from './failure.ts'

export type Answer = {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly text: string
}

export type Get = (url: string, headers: Readonly<Record<string, string>>) => Promise<Answer>

const patienceMs = 30_000
const longestBody = 2 * 1024 * 1024

/**
 * GET, past every proxy: the metadata service knows a machine by where it asks from. Redirects are answers as any other;
 * a token must not follow them. Rejects with FetchFailure; once the signal is given, at once.
 */
export const getWith =
  ({ agent, signal }: { agent?: () => Agent; signal: AbortSignal }): Get =>
  (url, headers) =>
    new Promise((resolve, reject) => {
      const { protocol, host } = new URL(url)
      const fail = (why: string) => reject(new FetchFailure('unreachable', `${host} cannot be reached: ${why}`))
      const options = {
        headers,
        timeout: patienceMs,
        signal: AbortSignal.any([signal, AbortSignal.timeout(2 * patienceMs)]),
      }
      const asked =
        protocol === 'https:'
          ? httpsRequest(url, { ...options, ...(agent ? { agent: agent() } : {}) })
          : httpRequest(url, { ...options, agent: false })
      asked.once('response', response => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          chunks.push(chunk)
          if (size > longestBody) asked.destroy(new Error(`its answer is longer than ${longestBody} bytes`))
        })
        response.once('error', error => fail(error.message))
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
            header: name => {
              const value = response.headers[name]
              return Array.isArray(value) ? value.join(', ') : value
            },
          }),
        )
      })
      asked.once('timeout', () => asked.destroy(new Error(`nothing was said in ${patienceMs / 1000} s`)))
      asked.once('error', error => fail(messageOf(error)))
      asked.end()
    })

/** Node has no text for several failed addresses of one name. */
const messageOf = (error: Error) =>
  error instanceof AggregateError
    ? [...new Set(error.errors.map(one => String(one.message)))].join(', ')
    : error.message

/** Seconds, or a date (RFC 9110 §10.2.3), as milliseconds from now; within an hour, whatever it says. */
export function retryAfterMs({ header }: Answer, nowMs: number): number | undefined {
  const text = header('retry-after')?.trim()
  if (text === undefined) return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 3_600_000) : undefined
}

/** The error of an answer in Azure's form, in one line and without a full stop; otherwise what it begins with. */
export function errorText({ status, text }: Answer): string {
  const said = azureError(text) ?? text.slice(0, 300)
  return `${status}${said === '' ? '' : ` ${said}`}`.replace(/\s+/g, ' ').replace(/[\s.]+$/, '')
}

function azureError(text: string): string | undefined {
  try {
    const { error, error_description: description } = JSON.parse(text)
    if (typeof error === 'string') return description === undefined ? error : `${error}: ${description}`
    const inner = error?.innererror?.code ?? error?.innerError?.code
    return error?.code === undefined ? undefined : `${error.code}${inner ? ` (${inner})` : ''}: ${error.message ?? ''}`
  } catch {
    // Proxies and load balancers answer in HTML.
    return undefined
  }
}
