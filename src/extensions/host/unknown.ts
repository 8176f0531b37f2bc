/** An object, whatever came; what is not one has no members. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** An array, whatever came. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
