import { SaxesParser } from 'saxes'
import { invalidXml } from './refusals.ts'

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
}

/**
 * Made by hand: lists have thousands of these, and the order of elements is part of the protocol. A carriage return that
 * is not escaped is a line feed for whoever reads it.
 */
export const escaped = (text: string) =>
  /[&<>"\r]/.test(text) ? text.replace(/[&<>"\r]/g, one => escapes[one] ?? '') : text

export const element = (name: string, text: string | number | boolean | undefined) =>
  text === undefined ? '' : text === '' ? `<${name} />` : `<${name}>${escaped(String(text))}</${name}>`

export const declaration = '<?xml version="1.0" encoding="utf-8"?>'

/** What XML 1.0 cannot carry, escaped or not: control characters and the two last code points of the first plane. */
export const cannotBeXml = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)

/** An element. Attributes are of no use to anybody here. */
export type Node = {
  readonly name: string
  /** In their order. */
  readonly children: readonly Node[]
  /** Of the element itself, without that of its children. */
  readonly text: string
}

type Open = { readonly name: string; readonly children: Node[]; text: string }

/** Nothing of the protocol is deeper than half of it. */
const deepest = 10
/** What is parsed before others have their turn. */
const portionLength = 64 * 1024

/**
 * The children of the root element, which must have this name. It takes a while for a long text, and others have their
 * turn meanwhile; what has more elements than there can be is not parsed to its end. Throws 400.
 */
export async function parsedXml(
  text: string,
  root: string,
  { most = 1_000, tooMany = () => invalidXml('There are too many elements.') } = {},
): Promise<readonly Node[]> {
  const parser = new SaxesParser({ defaultXMLVersion: '1.0', forceXMLVersion: true })
  const above: Open[] = []
  let whole: Open | undefined
  let count = 0
  parser.on('error', () => {
    throw invalidXml()
  })
  // No document type: nothing of ours has one, and what one can do is known well enough.
  parser.on('doctype', () => {
    throw invalidXml()
  })
  parser.on('opentag', ({ name }) => {
    if (above.length === deepest) throw invalidXml('The elements are nested too deep.')
    if (count++ > most) throw tooMany()
    const node: Open = { name, children: [], text: '' }
    above.at(-1)?.children.push(node)
    whole ??= node
    above.push(node)
  })
  parser.on('closetag', () => {
    above.pop()
  })
  const addText = (more: string) => {
    const node = above.at(-1)
    if (node) node.text += more
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  const plain = text.replace(/^\ufeff/, '')
  for (let at = 0; at < plain.length; at += portionLength) {
    if (at > 0) await new Promise(resolve => setImmediate(resolve))
    parser.write(plain.slice(at, at + portionLength))
  }
  parser.close()
  if (whole?.name !== root) throw invalidXml(`The root element must be ${root}.`)
  return whole.children
}

export const child = (children: readonly Node[], name: string): Node | undefined =>
  children.find(node => node.name === name)

/** The text of a child; undefined when it is not there. */
export const childText = (children: readonly Node[], name: string): string | undefined => child(children, name)?.text
