import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { invalidXml } from './refusals.ts'

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Made by hand: lists have thousands of these, and the order of elements is part of the protocol. */
export const escaped = (text: string) =>
  /[&<>"]/.test(text) ? text.replace(/[&<>"]/g, one => escapes[one] ?? '') : text

export const element = (name: string, text: string | number | boolean | undefined) =>
  text === undefined ? '' : text === '' ? `<${name} />` : `<${name}>${escaped(String(text))}</${name}>`

export const declaration = '<?xml version="1.0" encoding="utf-8"?>'

/** What XML 1.0 cannot carry, escaped or not: control characters and the two last code points of the first plane. */
export const cannotBeXml = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)

/** An element's children in their order: a list of one-member objects. Attributes are of no use to anybody here. */
export type Node = Readonly<Record<string, unknown>>

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: true,
  // No document type: nothing of ours has one, and what one can do is known well enough.
  ignoreDeclaration: true,
})

/** The children of the root element, which must have this name. Throws 400. */
export function parsedXml(text: string, root: string): readonly Node[] {
  const plain = text.replace(/^\ufeff/, '')
  if (/<!DOCTYPE|<!ENTITY/i.test(plain) || XMLValidator.validate(plain) !== true) throw invalidXml()
  let nodes: Node[]
  try {
    nodes = parser.parse(plain)
  } catch {
    throw invalidXml()
  }
  const found = nodes.find(node => root in node)
  if (!found) throw invalidXml(`The root element must be ${root}.`)
  return elementsOf(found[root])
}

/** Without the blanks between elements. */
const elementsOf = (children: unknown): readonly Node[] =>
  (Array.isArray(children) ? (children as Node[]) : []).filter(node => !('#text' in node))

export const nameOf = (node: Node): string => Object.keys(node).find(key => key !== ':@') ?? ''

export const childrenOf = (node: Node): readonly Node[] => elementsOf(node[nameOf(node)])

export function textOf(node: Node | undefined): string {
  if (!node) return ''
  const children = node[nameOf(node)]
  return (Array.isArray(children) ? (children as Node[]) : []).map(child => String(child['#text'] ?? '')).join('')
}

export const child = (children: readonly Node[], name: string): Node | undefined =>
  children.find(node => nameOf(node) === name)

/** The text of a child; undefined when it is not there. */
export function childText(children: readonly Node[], name: string): string | undefined {
  const found = child(children, name)
  return found && textOf(found)
}
