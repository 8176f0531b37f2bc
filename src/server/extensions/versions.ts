/** Numbers with dots between them; the one that is missing is 0. Negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * The version that a machine gets who asks for `wanted`: the newest of that major and minor number, or with
 * `minorUpgrade` the newest of that major number. Undefined when there is none.
 */
export function chooseVersion(
  versions: readonly string[],
  wanted: string,
  { minorUpgrade }: { minorUpgrade: boolean },
): string | undefined {
  const [major = 0, minor = 0, ...exact] = numbers(wanted)
  const fitting = versions.filter(version => {
    const [otherMajor = 0, otherMinor = 0] = numbers(version)
    if (exact.length > 0 && !minorUpgrade) return compareVersions(version, wanted) === 0
    return otherMajor === major && (minorUpgrade ? otherMinor >= minor : otherMinor === minor)
  })
  return fitting.sort(compareVersions).at(-1)
}

const numbers = (version: string) => version.split('.').map(Number)
