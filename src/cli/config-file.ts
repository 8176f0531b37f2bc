import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import * as z from 'zod'
import type { ConfigWish } from '../server/config.ts'
import { failed, wrongUsage } from './failure.ts'

/** Reads the file of `--config`. Fails with exit code 2 when something in it is unknown or of the wrong kind. */
export async function readConfigFile(path: string): Promise<ConfigWish> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw failed(`${path} cannot be read: ${error.message}`)
  })
  const shape = z.strictObject({
    data: z.string().min(1).optional(),
    port: z.int().min(0).max(65_535).optional(),
    machines: z.enum(['sandbox', 'none']).optional(),
    domain: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'is no domain name in lower case')
      .optional(),
    objectStore: z
      .strictObject({
        bucket: z.string().min(3).max(63),
        endpoint: z.url({ protocol: /^https?$/ }).optional(),
        region: z.string().min(1).optional(),
      })
      .optional(),
  })
  const { data, error } = shape.safeParse(parsed(path, text))
  if (error) throw wrongUsage(`${path} is not as it should be.`, ...z.prettifyError(error).split('\n'))
  // A path in the file is seen from the file.
  return defined({ ...data, data: data.data === undefined ? undefined : resolve(dirname(path), data.data) })
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw wrongUsage(`${path} is not JSON: ${error instanceof Error ? error.message : error}`)
  }
}

function defined<T extends object>(wish: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
