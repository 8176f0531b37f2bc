import { median, quantile, type Samples } from './figures.ts'

/** What a benchmark prints while it runs: one line for each thing measured, and ratios with the bar they are held to. */

export type Unit = 'per second' | 'per core second' | 'ms' | 'MiB' | 'MiB per second'

type Bar = { readonly atLeast: number } | { readonly atMost: number }

/** The median, and what it lies between. */
export function measured(what: string, samples: Samples, unit: Unit, bar?: Bar): void {
  const range = `${inUnit(quantile(samples, 0), unit)}–${inUnit(quantile(samples, 1), unit)}, ${samples.length} runs`
  line(what, `${inUnit(median(samples), unit)} ${unit}`, [range, ...verdict(median(samples), bar, unit)])
}

/** For many samples: the median and the 95th percentile. */
export function distribution(what: string, samples: Samples, unit: Unit, bar?: Bar): void {
  const notes = [`p95 ${inUnit(quantile(samples, 0.95), unit)}, ${samples.length} runs`]
  line(what, `${inUnit(median(samples), unit)} ${unit}`, [...notes, ...verdict(median(samples), bar, unit)])
}

/** Of two medians. */
export function ratio(what: string, samples: Samples, peer: Samples, bar?: Bar): void {
  const value = median(samples) / median(peer)
  line(what, `× ${value.toFixed(2)}`, verdict(value, bar))
}

export const note = (text: string): void => console.log(`    ${text}`)

export const heading = (text: string): void => console.log(`\n${text}`)

const line = (what: string, value: string, notes: readonly string[]) =>
  console.log(`  ${what.padEnd(58)} ${value.padStart(22)}   ${notes.join('; ')}`.trimEnd())

function verdict(value: number, bar: Bar | undefined, unit?: Unit): string[] {
  if (!bar) return []
  const isHeld = 'atLeast' in bar ? value >= bar.atLeast : value <= bar.atMost
  const wanted = 'atLeast' in bar ? `≥ ${shown(bar.atLeast, unit)}` : `≤ ${shown(bar.atMost, unit)}`
  return [`bar ${wanted}: ${isHeld ? 'held' : 'MISSED'}`]
}

const shown = (value: number, unit: Unit | undefined) => (unit ? inUnit(value, unit) : value.toFixed(2))

const inUnit = (value: number, unit: Unit) =>
  value.toLocaleString(
    'en',
    (unit === 'MiB' || unit === 'ms') && value < 100 ? { maximumFractionDigits: 1 } : { maximumFractionDigits: 0 },
  )
