/** Newest first. */
export const dataLakeVersions: readonly string[] = ['2016-11-01', '2015-10-01-preview']
