/** Milliseconds since 1970, as Lazuli sees them: real time plus the shift an operator asked for. */
export type Clock = { now(): number }

export type ShiftableClock = Clock & {
  readonly shiftMs: number
  /** Moves the clock; the shift is kept in the data directory by whoever calls this. */
  shift(toMs: number): void
}

export function shiftableClock(realNow: () => number, initialShiftMs: number): ShiftableClock {
  let shiftMs = initialShiftMs
  return {
    now: () => realNow() + shiftMs,
    get shiftMs() {
      return shiftMs
    },
    shift(toMs) {
      shiftMs = toMs
    },
  }
}
