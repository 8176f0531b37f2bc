import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Crc64 } from './crc64.ts'

const polynomial = 0x9a6c9329ac4bc9b5n
const all = 0xffffffffffffffffn

/** Bit by bit, as the definition says it. */
function slowly(bytes: Uint8Array): string {
  let crc = all
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n
  }
  const digest = Buffer.alloc(8)
  digest.writeBigUInt64LE(crc ^ all)
  return digest.toString('base64')
}

const fast = (...pieces: Uint8Array[]) =>
  pieces
    .reduce((crc, piece) => crc.update(piece), new Crc64())
    .digest()
    .toString('base64')

test('the check value is the known one', () => {
  assert.equal(fast(Buffer.from('123456789')), 'iJh5CoYUi64=')
  assert.equal(fast(), 'AAAAAAAAAAA=')
})

test('any bytes in any pieces have the CRC of the definition', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => (i * 151 + 37) % 256)
  for (let length = 0; length <= bytes.length; length++) {
    const part = bytes.subarray(0, length)
    const at = (length * 7) % (length + 1)
    const expected = slowly(part)
    assert.equal(fast(part), expected, `${length} bytes`)
    assert.equal(fast(part.subarray(0, at), part.subarray(at)), expected, `${length} bytes, cut at ${at}`)
  }
})
