/** The api-versions of the metadata service, oldest first. Dates compare as text. */
export const apiVersions: readonly string[] = [
  '2017-03-01',
  '2017-04-02',
  '2017-08-01',
  '2017-10-01',
  '2017-12-01',
  '2018-02-01',
  '2018-04-02',
  '2018-10-01',
  '2019-02-01',
  '2019-03-11',
  '2019-04-30',
  '2019-06-01',
  '2019-06-04',
  '2019-08-01',
  '2019-08-15',
  '2019-11-01',
  '2020-06-01',
  '2020-07-15',
  '2020-09-01',
  '2020-10-01',
  '2020-12-01',
  '2021-01-01',
  '2021-02-01',
  '2021-03-01',
  '2021-05-01',
  '2021-08-01',
  '2021-10-01',
  '2021-11-01',
  '2021-11-15',
  '2021-12-13',
  '2023-07-01',
  '2023-11-15',
  '2024-03-15',
  '2024-07-17',
  '2025-04-07',
]

/** What an error about the api-version recommends. */
export const newestVersions: readonly string[] = apiVersions.slice(-3).reverse()

const since = (first: string, ...besides: string[]): ReadonlySet<string> =>
  new Set([...apiVersions.filter(version => version >= first), ...besides])

/** Which api-versions each category answers: those since the one that introduced it. */
export const versionsOf = {
  attested: since('2018-10-01'),
  identity: since('2018-02-01'),
  instance: since('2017-04-02'),
  loadBalancer: since('2020-10-01'),
  // Scheduled events kept versions of their own, which /metadata/versions does not list.
  scheduledEvents: since('2017-03-01', '2017-11-01', '2019-01-01', '2019-04-01', '2020-07-01'),
}
