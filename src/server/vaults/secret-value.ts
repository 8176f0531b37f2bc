import * as z from 'zod'

/** Azure says "25k bytes", and means the text as it is, not its JSON. */
const longestValue = 25_600

export const secretValue = z
  .string()
  .refine(value => Buffer.byteLength(value) <= longestValue, `the value is longer than ${longestValue} bytes`)

export const contentTypeWish = z.string().max(255).nullish()
