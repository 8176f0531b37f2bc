/** Why an ACME server issues nothing. The message is shown to whoever asks for the pending certificate. */
export class AcmeFailure extends Error {
  /** Whether asking again later may help. */
  readonly mayPass: boolean

  constructor(message: string, options: { mayPass: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.mayPass = options.mayPass
  }
}

/** Refusals that are about the moment and not about the request, RFC 8555 §6.7. */
const passing = ['badNonce', 'rateLimited', 'serverInternal', 'dns', 'connection', 'orderNotReady']

type Problem = { readonly type?: unknown; readonly detail?: unknown; readonly subproblems?: unknown }

export function refusedBy(problem: Problem, what: string, status = 400): AcmeFailure {
  const type = String(problem.type ?? '').replace('urn:ietf:params:acme:error:', '')
  const details = [problem, ...(Array.isArray(problem.subproblems) ? (problem.subproblems as Problem[]) : [])]
    .map(({ detail }) => String(detail ?? ''))
    .filter(detail => detail !== '')
  const text = `${what}: ${[type, ...details].filter(part => part !== '').join(': ') || `status ${status}`}`
  return new AcmeFailure(text.slice(0, 1024), { mayPass: passing.includes(type) || status >= 500 || status === 429 })
}
