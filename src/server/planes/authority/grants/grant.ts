import type { Context } from '../../../door/operation.ts'
import type { Answer } from '../answer.ts'
import type { Authority, Style } from '../authority.ts'

/** One way to come by a token: the form of a token request in, the answer's members out. Throws the authority's refusals. */
export type Grant = (cx: Context, authority: Authority, form: URLSearchParams, style: Style) => Promise<Answer>
