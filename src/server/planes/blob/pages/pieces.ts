import type { Context } from '../../../door/operation.ts'
import type { Piece, Range } from '../../../store/contents.ts'
import type { Writes } from '../../../store/open.ts'

/** Takes a range out of a content; what lies outside of the pieces at its borders stays. */
export async function clearPages(cx: Context<'write'>, tx: Writes, content: string, range: Range): Promise<void> {
  const end = endOf({ at: range.from, length: range.length })
  const upTo = async (at: number) => (await tx.contents.pieces(cx.grant, content, { from: at, length: 1 }, 1))[0]
  const [first, last] = [await upTo(range.from), await upTo(end - 1)]
  const left = first && first.at < range.from && endOf(first) > range.from ? first : undefined
  const right = last && endOf(last) > end ? last : undefined
  const from = left?.at ?? range.from
  await tx.contents.cut(cx.grant, content, { from, length: end - from })
  const kept = [
    ...(left ? [partOf(left, 0, range.from - left.at)] : []),
    ...(right ? [partOf(right, end - right.at, endOf(right) - end)] : []),
  ]
  if (kept.length > 0) await tx.contents.add(cx.grant, content, kept)
}

const endOf = ({ at, length }: Pick<Piece, 'at' | 'length'>) => at + length

function partOf(piece: Piece, from: number, length: number): Piece {
  const at = piece.at + from
  return 'bytes' in piece
    ? { at, length, bytes: piece.bytes.slice(from, from + length) }
    : { at, length, extent: piece.extent, extentAt: piece.extentAt + from }
}
