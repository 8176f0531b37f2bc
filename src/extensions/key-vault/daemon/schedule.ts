/** When to ask again. Times are of a clock that nobody sets. */

/** "Retried up to 25 times": the first attempt is not one of them. */
export const initialRetries = 25

const [firstWaitMs, growth, longestWaitMs] = [5_000, 1.35, 180_000]

/** After so many failures in a row: 5 s, then a third more each time, up to three minutes, all of it within ±10 %. */
export const retryWaitMs = (failures: number, random: number): number =>
  Math.min(longestWaitMs, firstWaitMs * growth ** (failures - 1)) * (0.9 + random / 5)

/** A fleet that was started at once must not go on asking at once. */
export const pollWaitMs = (intervalSec: number, random: number): number => intervalSec * 1000 * (0.9 + random / 10)
