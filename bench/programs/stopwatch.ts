/** Calls of `work` for `ms`, `concurrent` of them under way at a time. Resolves to how many fit in a second of processor time. */
export async function perCoreSecond(
  work: () => unknown,
  { ms, concurrent }: { ms: number; concurrent: number },
): Promise<number> {
  const [from, spent] = [performance.now(), process.cpuUsage()]
  let count = 0
  const again = async () => {
    for (; performance.now() - from < ms; count++) await work()
  }
  await Promise.all(Array.from({ length: concurrent }, again))
  const { user, system } = process.cpuUsage(spent)
  return (count * 1e6) / (user + system)
}
