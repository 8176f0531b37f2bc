import type { Context } from '../../../door/operation.ts'
import type { Piece, Range } from '../../../store/contents.ts'
import type { Writes } from '../../../store/open.ts'

/** Takes a range out of a content; what of a piece lies outside the range stays. */
export async function clearPages(cx: Context<'write'>, tx: Writes, content: string, range: Range): Promise<void> {
  const end = range.from + range.length
  for (const piece of await tx.contents.pieces(cx.grant, content, range)) {
    const pieceEnd = piece.at + piece.length
    if (pieceEnd <= range.from) continue
    await tx.contents.cut(cx.grant, content, { from: piece.at, length: 1 })
    const left = piece.at < range.from ? [partOf(piece, 0, range.from - piece.at)] : []
    const right = pieceEnd > end ? [partOf(piece, end - piece.at, pieceEnd - end)] : []
    const kept = [...left, ...right]
    if (kept.length > 0) await tx.contents.add(cx.grant, content, kept)
  }
}

function partOf(piece: Piece, from: number, length: number): Piece {
  const at = piece.at + from
  return 'bytes' in piece
    ? { at, length, bytes: piece.bytes.slice(from, from + length) }
    : { at, length, extent: piece.extent, extentAt: piece.extentAt + from }
}
