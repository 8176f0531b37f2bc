/** The forms that the documentation of signatures and of stored policies allows; they are always UTC. */
const form = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(?:Z|\+00:00))?$/

/** Milliseconds; undefined for what is no time. */
export function parseSasTime(text: string): number | undefined {
  const match = form.exec(text)
  if (!match) return undefined
  const [, day, minute = '00:00', second = '00', fraction = ''] = match
  const at = Date.parse(`${day}T${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`)
  return Number.isNaN(at) || !new Date(at).toISOString().startsWith(`${day}`) ? undefined : at
}

/** To the second, as the service writes them into what it signs. */
export const formatSasTime = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`
