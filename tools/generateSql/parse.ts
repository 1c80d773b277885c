/** One named statement of a `.sql` file, before the database has seen it. */
export type NamedQuery = {
  name: string
  cardinality: Cardinality
  /** Becomes a named prepared statement: planned once a connection. */
  prepared: boolean
  doc: string
  notNull: ReadonlySet<string>
  /** Where given, every other column is not null: for views, of which PostgreSQL knows no NOT NULL. */
  nullable: ReadonlySet<string> | null
  nullableParams: ReadonlySet<string>
  /** Literal SQL around the parameters: one more part than there are `params`. */
  parts: readonly string[]
  params: readonly string[]
}

export type Cardinality = 'one' | 'maybe' | 'many' | 'exec'

const HEADER = /^-- (\w+) :(one|maybe|many|exec)( prepared)?$/m

// Strings, quoted names, dollar quotes and comments are stepped over whole, so a colon inside them is not a parameter.
const LEXEME = new RegExp(
  [
    /\be'(?:[^'\\]|\\[\s\S]|'')*'/,
    /'(?:[^']|'')*'/,
    /"(?:[^"]|"")*"/,
    /\$(\w*)\$[\s\S]*?\$\1\$/,
    /--[^\n]*/,
    /\/\*[\s\S]*?\*\//,
    /::/,
    /:([a-z]\w*)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gi',
)

const HINT = /^(not null|nullable|nullable params): /

/** Splits a file at its `-- name :cardinality [prepared]` headers. */
export function parseQueries(text: string): NamedQuery[] {
  const [preamble = '', ...rest] = text.split(HEADER)
  if (preamble.trim()) throw new SyntaxError(`text before the first "-- name :cardinality" header: ${preamble.trim()}`)
  const queries: NamedQuery[] = []
  for (let i = 0; i < rest.length; i += 4) {
    const [name, cardinality, prepared, body] = rest.slice(i, i + 4)
    queries.push(parseQuery(name ?? '', (cardinality ?? 'one') as Cardinality, prepared !== undefined, body ?? ''))
  }
  return queries
}

function parseQuery(name: string, cardinality: Cardinality, prepared: boolean, text: string): NamedQuery {
  const comment = /^\n((?:-- .*\n)*)/.exec(text)?.[1] ?? ''
  const lines = comment
    .split('\n')
    .map((line) => line.slice(3))
    .filter((line) => line !== '')
  const list = (label: string): ReadonlySet<string> => {
    const names = lines
      .filter((line) => line.startsWith(`${label}: `))
      .flatMap((line) => line.slice(label.length + 2).split(/, */))
    return new Set(names)
  }
  const body = text
    .slice(comment.length + 1)
    .trim()
    .replace(/;$/, '')
  const parts: string[] = []
  const params: string[] = []
  let from = 0
  for (const match of body.matchAll(LEXEME)) {
    const param = match[2]
    if (param === undefined) continue
    parts.push(body.slice(from, match.index))
    params.push(param)
    from = match.index + match[0].length
  }
  parts.push(body.slice(from))
  return {
    name,
    cardinality,
    prepared,
    parts,
    params,
    doc: lines.filter((line) => !HINT.test(line)).join(' '),
    notNull: list('not null'),
    nullable: lines.some((line) => line.startsWith('nullable: ')) ? list('nullable') : null,
    nullableParams: list('nullable params'),
  }
}

/** Such a statement must not be indented: the literal's value would change. */
export function hasMultilineLiteral(query: NamedQuery): boolean {
  return [...numbered(query).matchAll(LEXEME)].some(([lexeme]) => /^(e?'|"|\$)/i.test(lexeme) && lexeme.includes('\n'))
}

/** The statement exactly as slonik will send it: each occurrence of a parameter has a number of its own. */
export function numbered({ parts, params }: NamedQuery): string {
  return parts.map((part, index) => part + (index < params.length ? `$${index + 1}` : '')).join('')
}
