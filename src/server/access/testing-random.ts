/** Numbers from 0 up to 1 that are the same on every run, for tests that try many inputs. */
export const seededRandom = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}
