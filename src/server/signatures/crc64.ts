/**
 * The CRC that storage computes over contents: polynomial 0x9A6C9329AC4BC9B5, reflected, all bits inverted before and
 * after. Eight bytes at a time with eight tables; numbers of 64 bits are two of 32, because those of JavaScript that
 * have 64 are slow.
 */
const [polynomialHigh, polynomialLow] = [0x9a6c9329, 0xac4bc9b5]

/** `tables[k]` of a byte: its remainder when k zero bytes follow it. High and low halves side by side. */
const tables = makeTables()

function makeTables(): { readonly high: Int32Array; readonly low: Int32Array } {
  const high = new Int32Array(8 * 256)
  const low = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let [h, l] = [0, byte]
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1
      l = (l >>> 1) | (h << 31)
      h = h >>> 1
      if (odd) {
        h ^= polynomialHigh
        l ^= polynomialLow
      }
    }
    high[byte] = h
    low[byte] = l
  }
  for (let k = 1; k < 8; k++) {
    for (let byte = 0; byte < 256; byte++) {
      const [h, l] = [high[(k - 1) * 256 + byte] as number, low[(k - 1) * 256 + byte] as number]
      high[k * 256 + byte] = (h >>> 8) ^ (high[l & 0xff] as number)
      low[k * 256 + byte] = ((l >>> 8) | (h << 24)) ^ (low[l & 0xff] as number)
    }
  }
  return { high, low }
}

/** Takes contents piece by piece. */
export class Crc64 {
  #high = -1
  #low = -1

  update(bytes: Uint8Array): this {
    const { high, low } = tables
    let h = this.#high
    let l = this.#low
    let i = 0
    for (const last = bytes.length - 8; i <= last; i += 8) {
      const a = l ^ word(bytes, i)
      const b = h ^ word(bytes, i + 4)
      const at0 = 7 * 256 + (a & 0xff)
      const at1 = 6 * 256 + ((a >>> 8) & 0xff)
      const at2 = 5 * 256 + ((a >>> 16) & 0xff)
      const at3 = 4 * 256 + (a >>> 24)
      const at4 = 3 * 256 + (b & 0xff)
      const at5 = 2 * 256 + ((b >>> 8) & 0xff)
      const at6 = 256 + ((b >>> 16) & 0xff)
      const at7 = b >>> 24
      h = xor8(high, at0, at1, at2, at3, at4, at5, at6, at7)
      l = xor8(low, at0, at1, at2, at3, at4, at5, at6, at7)
    }
    for (; i < bytes.length; i++) {
      const index = (l ^ (bytes[i] as number)) & 0xff
      l = ((l >>> 8) | (h << 24)) ^ (low[index] as number)
      h = (h >>> 8) ^ (high[index] as number)
    }
    this.#high = h
    this.#low = l
    return this
  }

  /** Little-endian, as `x-ms-content-crc64` carries it in base64. */
  digest(): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeInt32LE(~this.#low, 0)
    bytes.writeInt32LE(~this.#high, 4)
    return bytes
  }
}

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24)

const xor8 = (
  table: Int32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  g: number,
  h: number,
): number =>
  (table[a] as number) ^
  (table[b] as number) ^
  (table[c] as number) ^
  (table[d] as number) ^
  (table[e] as number) ^
  (table[f] as number) ^
  (table[g] as number) ^
  (table[h] as number)
