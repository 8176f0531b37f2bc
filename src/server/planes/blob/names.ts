import { invalidResourceName, outOfRangeInput } from './refusals.ts'

const special = ['$root', '$web', '$logs']

/** Throws 400. */
export function checkContainerName(name: string): void {
  if (special.includes(name)) return
  if (name.length < 3 || name.length > 63) throw outOfRangeInput()
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) throw invalidResourceName()
}

/** Throws 400. */
export function checkBlobName(name: string): void {
  if (name.length < 1 || name.length > 1024) throw outOfRangeInput()
  if (name.length >= mostSegments && name.split('/').length > mostSegments) throw outOfRangeInput()
}

/** Of the path that a blob's name is. */
const mostSegments = 254
