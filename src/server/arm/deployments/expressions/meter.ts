import { EvaluationError } from './evaluate.ts'

/**
 * Counts what the expressions of a template make. A few lines can double a text thirty times, and objects that share
 * their members are small until they are written out; so each value is measured as it would be written.
 */
export type Meter = {
  /** To be called before so many characters or elements are made. Throws EvaluationError when it becomes too much. */
  spend(size: number): void
  /** Throws EvaluationError for a value that is too large or nested too deeply to be written out. */
  measured<T>(value: T): T
}

/** The size of a whole template, in Azure as here. */
const largestValue = 4 * 1024 * 1024
const mostInAll = 16 * 1024 * 1024
/** As deep as a body may be that is sent. */
const deepest = 128

type Measure = { readonly size: number; readonly depth: number }

export function openMeter(): Meter {
  const known = new WeakMap<object, Measure>()
  let spent = 0

  function measure(value: unknown): Measure {
    if (typeof value === 'string') return { size: value.length, depth: 0 }
    if (typeof value !== 'object' || value === null) return { size: 1, depth: 0 }
    const before = known.get(value)
    if (before) return before
    let [size, depth] = [1, 0]
    for (const [name, part] of Object.entries(value)) {
      const inner = measure(part)
      size += name.length + inner.size
      depth = Math.max(depth, inner.depth)
    }
    const whole = { size, depth: depth + 1 }
    known.set(value, whole)
    return whole
  }

  return {
    spend(size) {
      spent += size
      if (spent > mostInAll)
        throw new EvaluationError(`The values that it makes have more than ${mostInAll} characters`)
    },
    measured(value) {
      const { size, depth } = measure(value)
      if (size > largestValue) throw new EvaluationError(`A value would have more than ${largestValue} characters`)
      if (depth > deepest) throw new EvaluationError(`A value would be nested more than ${deepest} deep`)
      return value
    },
  }
}
