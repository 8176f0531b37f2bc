import type { DataLakeFile } from '../../store/data-lake-files.ts'
import { leasedToSomebodyElse } from './refusals.ts'

/** After so long without a word, whoever was writing is thought to be gone. */
const idleMs = 10 * 60_000

/** One writer at a time: who began a file with a lease goes on with it until it says CLOSE. Throws 403. */
export function demandLease({ lease }: DataLakeFile, parameters: URLSearchParams, now: number): void {
  if (!lease || now - lease.at > idleMs) return
  if (lease.id !== parameters.get('leaseid')?.toLowerCase()) throw leasedToSomebodyElse()
}

/** The lease that a file is under after a write: none when the writer is done, or never had one. */
export function leaseAfter(parameters: URLSearchParams, now: number): Pick<DataLakeFile, 'lease'> {
  const id = parameters.get('leaseid')?.toLowerCase().slice(0, 100)
  const isDone = (parameters.get('syncflag') ?? 'CLOSE').toUpperCase() === 'CLOSE'
  return id === undefined || isDone ? {} : { lease: { id, at: now } }
}
