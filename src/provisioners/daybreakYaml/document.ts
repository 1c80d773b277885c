// Text to plain values, keeping where each of them is written.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type YAMLMap,
} from 'yaml'
import { type ManifestPath, quote } from '../../domain/manifestRules/finding.ts'

/** Far deeper than the format goes; the parser is recursive and fails near a thousand. */
const MAX_DEPTH = 64
/** How often anchors may be used, and to how much they may expand: the parser reads the file again for each use. */
const MAX_ALIASES = 100

export type Place = { line: number; column: number }
/** Where something is wrong: an index into the text. */
export type Mark = { at: number; message: string }

export type YamlDocument = {
  /** Undefined when there is none, or the text cannot be read as YAML: then the marks say why. */
  value: unknown
  marks: readonly Mark[]
  /** Of what `path` points to, or of the nearest thing around it that is there. */
  locate(path: ManifestPath, options?: { offset?: number }): number
  /** Of the last key of `path`. */
  locateKey(path: ManifestPath): number
  place(at: number): Place
}

type Node = ParsedNode | null | undefined
type Keys = Map<string, { key: Node; value: Node }>

export function readDocument(text: string): YamlDocument {
  const lines = new LineCounter()
  // Keys are compared below: the parser's own comparison takes seconds for a few thousand of them.
  const options = { uniqueKeys: false, stringKeys: true, resolveKnownTags: false, prettyErrors: false } as const
  // Not `silent`: that also silences the error about a second document.
  const document = parseDocument(text, { ...options, lineCounter: lines, logLevel: 'error' })
  const { value, marks } = read(document)
  const keysOf = createIndex()
  const find = createFinder(document, keysOf)
  return {
    value,
    marks,
    locate(path, { offset } = {}) {
      const { node, at } = find(path)
      return offset !== undefined && isScalar(node) ? at + offsetWithin(text, { node, at, offset }) : at
    },
    locateKey(path) {
      const { node, at } = find(path.slice(0, -1))
      return (isMap(node) ? startOf(keysOf(node).get(String(path.at(-1)))?.key) : undefined) ?? at
    },
    place(at) {
      const { line, col } = lines.linePos(Math.min(at, text.length))
      return { line: Math.max(line, 1), column: Math.max(col, 1) }
    },
  }
}

function read(document: Document.Parsed): { value: unknown; marks: readonly Mark[] } {
  const syntax = new Map<number, string>()
  // The first error at a place is the cause of the others there.
  for (const { pos, code, message } of [...document.errors, ...document.warnings]) {
    if (!syntax.has(pos[0])) syntax.set(pos[0], SYNTAX[code] ?? lowerFirst(message))
  }
  if (syntax.size > 0) return { value: undefined, marks: Array.from(syntax, ([at, message]) => ({ at, message })) }
  const { fatal, marks } = walk(document)
  if (fatal !== undefined) return { value: undefined, marks: [...marks, fatal] }
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) ?? undefined, marks }
  } catch (error) {
    // The one thing that the walk has not found: an anchor's content multiplied by aliases within aliases.
    if (!(error instanceof ReferenceError)) throw error
    const message = 'the anchors of this file repeat too much; write their content out'
    return { value: undefined, marks: [...marks, { at: 0, message }] }
  }
}

const SYNTAX: Record<string, string> = {
  MULTIPLE_DOCS: 'a second document begins here; remove the line ---',
  RESOURCE_EXHAUSTION: 'this is nested too deeply',
  TAB_AS_INDENT: 'a tab cannot indent a line; use spaces',
  NON_STRING_KEY: 'a key must be text',
}

/** Repeated keys, unknown anchors, characters that cannot be stored, and too much depth. Without recursion. */
function walk(document: Document.Parsed): { marks: Mark[]; fatal?: Mark } {
  const marks: Mark[] = []
  const anchors = new Set<string>()
  let aliases = 0
  const waiting: { node: Node; depth: number }[] = [{ node: document.contents, depth: 0 }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, depth } = next
    const at = startOf(node) ?? 0
    if (depth > MAX_DEPTH) return { marks, fatal: { at, message: 'this is nested too deeply' } }
    if (isAlias(node)) {
      const message = `there is no anchor &${node.source} before this alias`
      if (!anchors.has(node.source)) return { marks, fatal: { at, message } }
      aliases += 1
      if (aliases > MAX_ALIASES)
        return { marks, fatal: { at, message: `more than ${MAX_ALIASES} aliases are too many` } }
      continue
    }
    if (node?.anchor !== undefined) anchors.add(node.anchor)
    if (isScalar(node)) {
      if (!isStorable(node.value)) marks.push({ at, message: 'this text has a character that cannot be stored' })
    } else if (isSeq(node)) {
      // Backwards, since the last one put in is looked at next: anchors must come before their aliases.
      for (const item of node.items.toReversed()) waiting.push({ node: item, depth: depth + 1 })
    } else if (isMap(node)) {
      marks.push(...checkKeys(node))
      for (const { key, value } of node.items.toReversed()) {
        waiting.push({ node: value, depth: depth + 1 }, { node: key, depth: depth + 1 })
      }
    }
  }
  return { marks }
}

function checkKeys(map: YAMLMap): Mark[] {
  const seen = new Set<string>()
  return map.items.flatMap(({ key }) => {
    const name = keyName(key)
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    return [{ at: startOf(key as Node) ?? 0, message: `the key ${quote(name)} is here twice` }]
  })
}

/** PostgreSQL has no NUL in texts, and UTF-8 has no half of a surrogate pair. */
function isStorable(value: unknown): boolean {
  return typeof value !== 'string' || (value.isWellFormed() && !value.includes('\0'))
}

function createIndex(): (map: YAMLMap) => Keys {
  const known = new WeakMap<YAMLMap, Keys>()
  return (map) => {
    const before = known.get(map)
    if (before !== undefined) return before
    const keys: Keys = new Map(
      map.items.map(({ key, value }) => [keyName(key), { key: key as Node, value: value as Node }]),
    )
    known.set(map, keys)
    return keys
  }
}

type Found = { node: Node; at: number }

function createFinder(document: Document.Parsed, keysOf: (map: YAMLMap) => Keys): (path: ManifestPath) => Found {
  return (path) => {
    let node: Node = document.contents
    let at = startOf(node) ?? 0
    for (const segment of path) {
      if (isMap(node)) {
        const pair: { key: Node; value: Node } | undefined = keysOf(node).get(String(segment))
        if (pair === undefined) return { node: undefined, at }
        // A value that is left out is where its key is.
        at = (isEmpty(pair.value) ? startOf(pair.key) : startOf(pair.value)) ?? at
        node = follow(pair.value, document)
      } else if (isSeq(node)) {
        const item = node.items[Number(segment)] as Node
        if (item === undefined) return { node: undefined, at }
        at = startOf(item) ?? at
        node = follow(item, document)
      } else {
        return { node: undefined, at }
      }
    }
    return { node, at }
  }
}

/** What is within an anchor is where the anchor is; the alias itself is where it is used. */
function follow(node: Node, document: Document.Parsed): Node {
  return isAlias(node) ? (node.resolve(document) as Node) : node
}

function isEmpty(node: Node): boolean {
  return !node || (isScalar(node) && node.value === null && node.source === '')
}

function startOf(node: Node): number | undefined {
  return node?.range?.[0]
}

function keyName(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key)
}

/** Only where the text stands in the file as it is: no escapes, one line. */
function offsetWithin(text: string, { node, at, offset }: { node: Node; at: number; offset: number }): number {
  if (!isScalar(node) || typeof node.value !== 'string' || offset > node.value.length) return 0
  const quotes = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? 1 : 0
  return text.startsWith(node.value, at + quotes) ? quotes + offset : 0
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
