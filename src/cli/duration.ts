const units = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const

/** `+30d`, `-1h30m`, `90s` in milliseconds; undefined when it is not that. */
export function parseDuration(text: string): number | undefined {
  const [, sign, amounts] = /^([+-]?)((?:\d+[wdhms])+)$/.exec(text) ?? []
  if (amounts === undefined) return undefined
  const sum = [...amounts.matchAll(/(\d+)([wdhms])/g)]
    .map(([, count, unit]) => Number(count) * units[unit as keyof typeof units])
    .reduce((total, one) => total + one, 0)
  return sign === '-' ? -sum : sum
}

/** The reverse, always with a sign, without weeks: `+30d`, `-1h30m`. Parts of a second are dropped. */
export function formatDuration(ms: number): string {
  const parts: string[] = []
  let rest = Math.abs(ms)
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / units[unit])
    if (count > 0) parts.push(`${count}${unit}`)
    rest -= count * units[unit]
  }
  return `${ms < 0 ? '-' : '+'}${parts.join('') || '0s'}`
}
