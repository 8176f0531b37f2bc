import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
  type MultipartUpload,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import type { ObjectStore } from '../config.ts'
import { StorageUnavailable } from '../store/open.ts'
import { ExtentMissing, type Extents, isExtentId, newExtentId } from './extents.ts'

/** An object for each extent, below a prefix that no other installation has: the sweep takes all below it for its own. */
export async function objectStoreExtents(place: ObjectStore, prefix: string): Promise<Extents> {
  const client = clientOf(place)
  const Bucket = place.bucket
  await client.send(new HeadBucketCommand({ Bucket })).catch(cause => {
    const where = place.endpoint ?? 'AWS'
    throw new Error(`The bucket ${Bucket} at ${where} cannot be used: ${reasonOf(cause)}.`, { cause })
  })
  const keyOf = (id: string) => `${prefix}/${id}`
  const idOf = (key: string | undefined) => key?.slice(prefix.length + 1) ?? ''
  const held = new Set<string>()
  /** Uploads that ended with the process that had begun them, by the id of what would have become of them. */
  const unfinished = new Map<string, string>()

  async function* unfinishedUploads(stop: Stop): AsyncIterable<readonly MultipartUpload[]> {
    let from: Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'> | undefined = {}
    while (from) {
      const page: ListMultipartUploadsCommandOutput = await client.send(
        new ListMultipartUploadsCommand({ Bucket, Prefix: `${prefix}/`, ...from }),
        stop,
      )
      yield page.Uploads ?? []
      const next = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
      from = page.IsTruncated ? next : undefined
    }
  }

  return {
    async write(bytes) {
      const id = newExtentId()
      held.add(id)
      let length = 0
      let stopped: { readonly by: unknown } | undefined
      async function* counted() {
        try {
          for await (const portion of bytes) {
            length += portion.length
            yield portion
          }
        } catch (by) {
          stopped = { by }
          throw by
        }
      }
      const Body = Readable.from(counted(), { objectMode: false })
      try {
        await new Upload({ client, params: { Bucket, Key: keyOf(id), Body }, partSize, queueSize: 1 }).done()
        return { id, length }
      } catch (error) {
        held.delete(id)
        if (stopped) throw stopped.by
        throw unavailable(error)
      }
    },

    async *read(id, { from, length }) {
      if (length === 0) return
      const Range = `bytes=${from}-${from + length - 1}`
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: keyOf(id), Range })).catch(error => {
        throw isAbsent(error) ? new ExtentMissing(id) : unavailable(error)
      })
      let given = 0
      for await (const piece of Body as Readable) {
        given += piece.length
        yield piece
      }
      if (given < length) throw new ExtentMissing(`${id} ends at ${from + given}`)
    },

    release(id) {
      held.delete(id)
    },

    async *idleFor(ms, signal) {
      const stop = stopBy(signal)
      const isIdle = (id: string, since: Date | undefined) =>
        isExtentId(id) && !held.has(id) && since !== undefined && Date.now() - since.getTime() >= ms
      const objects = paginateListObjectsV2({ client }, { Bucket, Prefix: `${prefix}/` }, stop)
      for await (const { Contents = [] } of objects)
        yield Contents.filter(object => isIdle(idOf(object.Key), object.LastModified)).map(({ Key }) => idOf(Key))
      unfinished.clear()
      for await (const uploads of unfinishedUploads(stop)) {
        const idle = uploads.filter(upload => isIdle(idOf(upload.Key), upload.Initiated))
        for (const { Key, UploadId = '' } of idle) unfinished.set(idOf(Key), UploadId)
        yield idle.map(({ Key }) => idOf(Key))
      }
    },

    async remove(id, signal) {
      const UploadId = unfinished.get(id)
      const where = { Bucket, Key: keyOf(id) }
      try {
        if (UploadId) await client.send(new AbortMultipartUploadCommand({ ...where, UploadId }), stopBy(signal))
        else await client.send(new DeleteObjectCommand(where), stopBy(signal))
      } catch (error) {
        if (!isAbsent(error)) throw unavailable(error)
      }
      unfinished.delete(id)
    },
  }
}

/** The least that S3 takes, and all that an upload has in memory; 10,000 of them hold more than a blob may in one go. */
const partSize = 5 * 1024 * 1024

/** More than the client's own 50: every reader of a blob has one for as long as it reads. */
const connections = 1_000

function clientOf({ endpoint, region }: ObjectStore): S3Client {
  return new S3Client({
    region: region ?? 'us-east-1',
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // Most other stores do not know the checksums in trailers that AWS's client sends by itself. A part's SHA-256 is in
    // its signature all the same.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: 60_000,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets: connections },
      httpsAgent: { maxSockets: connections },
    },
  })
}

/** What every request of the client takes: it is cut off when the signal comes. */
type Stop = { readonly abortSignal?: AbortSignal }
const stopBy = (signal: AbortSignal | undefined): Stop => (signal ? { abortSignal: signal } : {})

const isAbsent = (error: unknown) =>
  error instanceof S3ServiceException && [404, 416].includes(error.$metadata.httpStatusCode ?? 0)

const unavailable = (cause: unknown) => new StorageUnavailable('the object store could not be used', { cause })

const reasonOf = (cause: unknown) => {
  if (cause instanceof S3ServiceException) return `it answers ${cause.$metadata.httpStatusCode}`
  return cause instanceof Error ? cause.message : String(cause)
}
