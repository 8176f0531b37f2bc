/** As much of MessagePack as Fluentd's forward protocol needs: texts, small numbers, lists, maps and its time. */

export type Packable = string | number | EventTime | readonly Packable[] | { readonly [key: string]: Packable }

/** Seconds and nanoseconds since 1970: the protocol's extension type 0. */
export class EventTime {
  readonly ms: number
  constructor(ms: number) {
    this.ms = ms
  }
}

export function pack(value: Packable): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.concat([head(text.length, 0xa0, 31, [0xd9, 0xda, 0xdb]), text])
  }
  if (typeof value === 'number') return packNumber(value)
  if (value instanceof EventTime) {
    const bytes = Buffer.alloc(10)
    bytes.writeUInt16BE(0xd700)
    bytes.writeUInt32BE(Math.floor(value.ms / 1000) >>> 0, 2)
    bytes.writeUInt32BE((value.ms % 1000) * 1_000_000, 6)
    return bytes
  }
  if (Array.isArray(value)) return Buffer.concat([head(value.length, 0x90, 15, [0xdc, 0xdd]), ...value.map(pack)])
  const entries = Object.entries(value)
  return Buffer.concat([
    head(entries.length, 0x80, 15, [0xde, 0xdf]),
    ...entries.flatMap(([key, one]) => [pack(key), pack(one)]),
  ])
}

/** What begins a text, a list or a map: its length in the first byte, or in one, two or four bytes of their own. */
function head(length: number, short: number, shortest: number, long: readonly number[]): Buffer {
  if (length <= shortest) return Buffer.of(short | length)
  const sizes = long.length === 3 ? [1, 2, 4] : [2, 4]
  const at = sizes.findIndex(size => length < 256 ** size)
  const bytes = Buffer.alloc(1 + (sizes[at] ?? 4))
  bytes.writeUInt8(long[at] ?? 0)
  bytes.writeUIntBE(length, 1, bytes.length - 1)
  return bytes
}

function packNumber(value: number): Buffer {
  if (value >= 0 && value < 128) return Buffer.of(value)
  const bytes = Buffer.alloc(5)
  bytes.writeUInt8(0xce)
  bytes.writeUInt32BE(value, 1)
  return bytes
}

/** The `ack` of an answer such as {"ack":"…"}; undefined while it is not whole, or when it is something else. */
export function acknowledged(bytes: Buffer): string | undefined {
  const key = Buffer.concat([Buffer.of(0xa3), Buffer.from('ack')])
  const at = bytes.indexOf(key)
  if (at < 0) return undefined
  const value = bytes.subarray(at + key.length)
  const [first = 0, second = 0] = value
  const [start, length] = first === 0xd9 ? [2, second] : [1, (first & 0xe0) === 0xa0 ? first & 0x1f : 0]
  return length > 0 && value.length >= start + length ? value.subarray(start, start + length).toString() : undefined
}
