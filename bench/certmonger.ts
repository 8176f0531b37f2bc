import { setTimeout as pause } from 'node:timers/promises'
import type { Machine } from './machine.ts'
import { type Kept, sayKept } from './observed-certificates.ts'

const idleMs = 60_000
const limitS = 600

/**
 * Debian's certmonger with as many certificates: keys on P-256, as the extension's are, from the authority that it brings
 * along. Each is asked for in a call of its own, as its command line does it.
 */
export async function certmonger({ inside, start, unit }: Machine, tracked: number): Promise<Kept> {
  inside('systemctl start certmonger && mkdir -p /var/lib/tracked')
  const from = performance.now()
  await start(requests(tracked))
  const syncMs = performance.now() - from
  // It starts a program for each key, request and look.
  const spent = () => {
    const { pid, seconds, childSeconds, residentMiB } = unit('certmonger')
    return { pid, processorMs: (seconds + childSeconds) * 1_000, residentMiB }
  }
  const { pid, processorMs: syncProcessorMs } = spent()
  await pause(2_000)
  const { processorMs: before } = spent()
  await pause(idleMs)
  const { pid: later, processorMs, residentMiB } = spent()
  if (later !== pid) throw new Error('certmonger was started anew while it was measured')
  const kept = { syncMs, syncProcessorMs, idleProcessorMs: processorMs - before, residentMiB }
  sayKept(kept)
  return kept
}

/** Ends when all are tracked and in their files. */
const requests = (tracked: number): string => `
  set -eu
  for number in $(seq ${tracked}); do
    getcert request -c local -G EC -g 256 -N CN=c$number -D c$number.example.test \\
      -k /var/lib/tracked/c$number.key -f /var/lib/tracked/c$number.crt >/dev/null
  done
  end=$(($(date +%s) + ${limitS}))
  until [ "$(getcert list | grep -c 'status: MONITORING')" -eq ${tracked} ]
  do
    [ "$(date +%s)" -lt "$end" ] || { getcert list | sed -n '1,15p' >&2; exit 1; }
    sleep 0.5
  done
  [ "$(ls /var/lib/tracked/*.crt | wc -l)" -eq ${tracked} ]`
