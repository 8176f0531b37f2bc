import { type Context, operation } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import { certificateOf, type Goal, goalOf } from '../../resources/microsoft.compute/extensions/goal-state.ts'
import type { Resource } from '../../store/resources.ts'
import { ownMachine } from './own-machine.ts'

/** The longest that a question is kept. Shorter than what a proxy on the way would cut off. */
const longestHoldSec = 60

/**
 * What the machine is to be. With `If-None-Match` and `Prefer: wait=50` (RFC 7240 §4.3) the answer comes when it is
 * another than the one that the agent has, or when the time is over.
 */
export const goalState = operation<'write'>({
  name: 'Lazuli.Machine/goalState/read',
  route: 'GET /goal-state',
  access: { ownMachine: 'a machine is told what it is to be itself' },
  changes: false,
  async run(cx) {
    const known = cx.request.headers.get('if-none-match')
    const { vm, goal } = await heldUntilNews(cx, known)
    if (goal.etag === known) return new Response(null, { status: 304, headers: { ETag: goal.etag } })
    const rendered = await goal.render(certificateOf(vm))
    if (!rendered)
      throw new AzureError(409, 'NotEnrolled', 'There are secrets, and no certificate to encrypt them for.')
    return Response.json(rendered, { headers: { ETag: goal.etag } })
  },
})

async function heldUntilNews(cx: Context, known: string | null): Promise<{ vm: Resource; goal: Goal }> {
  const until = performance.now() + holdSec(cx.request) * 1000
  for (;;) {
    if (cx.agents.polling.aborted) throw serverEnds()
    const { machineId } = await ownMachine(cx)
    const news = cx.agents.news(machineId)
    const { vm } = await ownMachine(cx)
    const goal = await goalOf(cx, vm)
    const leftMs = until - performance.now()
    // Who has hung up gets an answer that nobody reads; to wait on would be to wait in vain.
    if (goal.etag !== known || leftMs <= 0 || cx.request.signal.aborted) return { vm, goal }
    await Promise.race([news, cutShort(cx, leftMs)])
  }
}

function holdSec(request: Request): number {
  const wish = /(?:^|[,;\s])wait=(\d+)/i.exec(request.headers.get('prefer') ?? '')?.[1]
  return Math.min(longestHoldSec, Number(wish ?? 0))
}

/** Resolves when the time is over, the agent has hung up, or the server ends. */
function cutShort({ request, agents }: Context, ms: number): Promise<void> {
  return new Promise(resolve => {
    const signal = AbortSignal.any([request.signal, agents.polling, AbortSignal.timeout(Math.ceil(ms))])
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

const serverEnds = () =>
  new AzureError(503, 'ServerBusy', 'The server is about to end.', { headers: { 'Retry-After': '1' } })
