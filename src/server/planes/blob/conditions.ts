import { validators } from './answer.ts'
import * as refusals from './refusals.ts'
import { evaluateTags } from './tag-query.ts'

/** The state that conditional headers ask about; undefined when there is nothing. */
type State = { readonly etag: string; readonly changedAt: number; readonly tags?: Readonly<Record<string, string>> }

/** Throws 304 or 412, 409 where a write must find nothing and does not, or 400 for what is no condition. */
export function checkConditions(headers: Headers, state: State | undefined, kind: 'read' | 'write'): void {
  const given = read(headers, '')
  if (given.none === '*' && kind === 'write') {
    if (state) throw refusals.blobAlreadyExists()
    return
  }
  if (!state) {
    if (given.match !== undefined || given.tags !== undefined) throw refusals.conditionNotMet(412)
    return
  }
  if (!isMatched(given.match, state.etag, true)) throw refusals.conditionNotMet(412)
  if (given.unmodifiedSince !== undefined && wholeSeconds(state.changedAt) > given.unmodifiedSince)
    throw refusals.conditionNotMet(412)
  if (given.tags !== undefined && !evaluateTags('x-ms-if-tags', given.tags, state.tags ?? {}))
    throw refusals.conditionNotMet(412)
  const unchanged =
    (given.none !== undefined && isMatched(given.none, state.etag, false)) ||
    (given.modifiedSince !== undefined && wholeSeconds(state.changedAt) <= given.modifiedSince)
  if (unchanged) throw kind === 'read' ? refusals.notModified(validators(state)) : refusals.conditionNotMet(412)
}

/** Those about the source of a copy. Throws 412. */
export function checkSourceConditions(headers: Headers, state: State): void {
  const given = read(headers, 'x-ms-source-')
  const fails =
    !isMatched(given.match, state.etag, true) ||
    (given.none !== undefined && isMatched(given.none, state.etag, false)) ||
    (given.unmodifiedSince !== undefined && wholeSeconds(state.changedAt) > given.unmodifiedSince) ||
    (given.modifiedSince !== undefined && wholeSeconds(state.changedAt) <= given.modifiedSince) ||
    (given.tags !== undefined && !evaluateTags('x-ms-source-if-tags', given.tags, state.tags ?? {}))
  if (fails) throw refusals.sourceConditionNotMet()
}

/** Dates on the wire have no parts of a second. */
const wholeSeconds = (ms: number) => Math.floor(ms / 1000) * 1000

function read(headers: Headers, prefix: string) {
  const date = (name: string) => {
    const text = headers.get(prefix + name)
    if (text === null) return undefined
    const at = Date.parse(text)
    if (Number.isNaN(at) || !/^\w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d GMT$/i.test(text))
      throw refusals.invalidHeader(prefix + name, text)
    return at
  }
  const tags = headers.get(prefix === '' ? 'x-ms-if-tags' : 'x-ms-source-if-tags')
  return {
    match: headers.get(`${prefix}if-match`) ?? undefined,
    none: headers.get(`${prefix}if-none-match`) ?? undefined,
    modifiedSince: date('if-modified-since'),
    unmodifiedSince: date('if-unmodified-since'),
    tags: tags ?? undefined,
  }
}

function isMatched(header: string | undefined, etag: string, orElse: boolean): boolean {
  if (header === undefined) return orElse
  if (header.trim() === '*') return true
  return header.split(',').some(tag => tag.trim().replace(/^W\//, '').replaceAll('"', '') === etag)
}
