/** JSON merge patch (RFC 7396), but for members whose patch is undefined, which are left alone. */
export function mergePatch(target: object, patch: object): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...target }
  for (const [name, value] of Object.entries(patch)) {
    if (value === undefined) continue
    const before = merged[name]
    if (value === null) delete merged[name]
    else if (isObject(value)) merged[name] = mergePatch(isObject(before) ? before : {}, value)
    else merged[name] = value
  }
  return merged
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
