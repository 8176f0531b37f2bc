import type { Context } from '../../door/operation.ts'
import { inContainer, tagActions } from './access.ts'
import { invalidTags } from './refusals.ts'

/**
 * Tags as `x-ms-tags` carries them: in the form of a query. Whoever may write blobs may not, for that, write tags: roles
 * have conditions on them. Throws 400 or 403.
 */
export async function tagsFrom(cx: Context): Promise<Record<string, string> | undefined> {
  const given = cx.request.headers.get('x-ms-tags')
  if (given === null || given === '') return undefined
  await cx.authorize('write', tagActions.write, inContainer(cx.params), 'data')
  return checkedTags([...new URLSearchParams(given)])
}

const characters = /^[a-zA-Z0-9 +\-./:=_]*$/

/** Throws 400. */
export function checkedTags(pairs: readonly (readonly [name: string, value: string])[]): Record<string, string> {
  if (pairs.length > 10) throw invalidTags('A blob has at most 10 tags.')
  const tags: Record<string, string> = {}
  for (const [name, value] of pairs) {
    if (name.length < 1 || name.length > 128 || value.length > 256 || !characters.test(name) || !characters.test(value))
      throw invalidTags(
        'A tag has a name of 1 to 128 characters and a value of up to 256, of letters, digits and space + - . / : = _',
      )
    if (Object.hasOwn(tags, name)) throw invalidTags('The name of a tag is given more than once.')
    tags[name] = value
  }
  return tags
}
