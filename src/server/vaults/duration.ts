/** A span of the calendar, as ISO 8601 writes it: `P1Y10D`, `PT48H`. */
export type Duration = {
  readonly months: number
  readonly ms: number
}

const form =
  /^P(?=\d|T\d)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?$/

export function parseDuration(text: string): Duration | undefined {
  const found = form.exec(text)
  if (!found) return undefined
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found
    .slice(1)
    .map(part => Number(part ?? 0))
  return { months: years * 12 + months, ms: ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 }
}

export const later = (at: number, { months, ms }: Duration): number => shifted(at, months) + ms
export const earlier = (at: number, { months, ms }: Duration): number => shifted(at - ms, -months)

/** A month later is the same day of the next month, or its last. */
function shifted(at: number, months: number): number {
  if (months === 0) return at
  const date = new Date(at)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + months)
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, lastDay))
  return date.getTime()
}
