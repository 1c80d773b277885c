import type { Description } from './describe.ts'
import { type Cardinality, hasMultilineLiteral, type NamedQuery } from './parse.ts'

/** A type of the database, by its oid in the map that `readTypes` makes. */
export type PgType = { name: string; element: number; labels: readonly string[] | null }
type Mapping = { zod: string; ts: string; encode: (value: string, options: { nullable: boolean }) => string }

const plain = (zod: string, ts: string): Mapping => ({ zod, ts, encode: (value) => value })
const SCALARS: Record<string, Mapping> = {
  bool: plain('z.boolean()', 'boolean'),
  int2: plain('z.int()', 'number'),
  int4: plain('z.int()', 'number'),
  int8: plain('z.int()', 'number'),
  float8: plain('z.number()', 'number'),
  text: plain('z.string()', 'string'),
  varchar: plain('z.string()', 'string'),
  name: plain('z.string()', 'string'),
  uuid: plain('z.guid()', 'string'),
  bytea: { zod: 'z.instanceof(Buffer)', ts: 'Buffer', encode: (value) => `bytes(${value})` },
  timestamptz: { zod: 'z.date()', ts: 'Date', encode: (value) => `time(${value})` },
  json: { zod: 'z.unknown()', ts: 'Json', encode: (value) => `json(${value})` },
  jsonb: { zod: 'z.unknown()', ts: 'Json', encode: (value) => `json(${value})` },
}

const METHODS: Record<Cardinality, { call: string; result: (row: string) => string }> = {
  one: { call: 'one', result: (row) => row },
  maybe: { call: 'maybeOne', result: (row) => `${row} | null` },
  many: { call: 'any', result: (row) => `readonly ${row}[]` },
  exec: { call: 'query', result: () => 'number' },
}

/** One module: a typed slonik function for each query of a file. */
export function renderModule(
  file: string,
  queries: readonly { query: NamedQuery; description: Description }[],
  types: ReadonlyMap<number, PgType>,
): string {
  const functions = queries.map(({ query, description }) => renderQuery(query, description, types)).join('\n\n')
  // Exactly what renderQuery writes: the same words inside SQL must not import anything.
  const values = ['array', 'bytes', 'json', 'time'].filter((name) =>
    new RegExp(`(?:\\$\\{|=> )${name}\\(`).test(functions),
  )
  const imports = [
    ...values,
    ...(functions.includes('(prepared(') ? ['prepared'] : []),
    ...(/^export async function .*\bJson\b/m.test(functions) ? ['type Json'] : []),
  ]
  return [
    `// Generated from ${file} by \`npm run sql\`; edit that file instead.`,
    `import { type CommonQueryMethods${/\(sql\.(type|unsafe)/.test(functions) ? ', sql' : ''} } from 'slonik'`,
    ...(/^const \w+ = z\.|, z\.unknown\(\)\)`/m.test(functions) ? [`import { z } from 'zod'`] : []),
    ...(imports.length > 0 ? [`import { ${imports.join(', ')} } from './values.ts'`] : []),
    '',
    functions,
    '',
  ].join('\n')
}

function renderQuery(query: NamedQuery, description: Description, types: ReadonlyMap<number, PgType>): string {
  const params = readParams(query, description, types)
  // What an `:exec` statement returns is counted, not read.
  const columns = query.cardinality === 'exec' ? [] : description.columns
  if (query.cardinality !== 'exec' && columns.length === 0) throw new TypeError('it returns no columns: make it :exec')
  const literal = query.parts
    .map((part, i) => {
      const name = query.params[i]
      return name === undefined ? escaped(part) : `${escaped(part)}\${${params.get(name)?.encoded}}`
    })
    .join('')
  const rowName = `${query.name.charAt(0).toUpperCase()}${query.name.slice(1)}Row`
  const { call, result } = METHODS[query.cardinality]
  const schema = columns.length > 0 ? `${query.name}Row` : 'z.unknown()'
  const plainTag = columns.length > 0 ? `sql.type(${schema})` : 'sql.unsafe'
  const tag = query.prepared ? `prepared('${query.name}', ${schema})` : plainTag
  const fields = [...params].map(([name, { ts }]) => `${name}: ${ts}`)
  const argument = fields.length > 0 ? `, params: { ${fields.join('; ')} }` : ''
  return [
    ...renderRow(query, columns, types, rowName),
    ...(query.doc ? [`/** ${query.doc.replaceAll('*/', '*\\/')} */`] : []),
    `export async function ${query.name}(db: CommonQueryMethods${argument}): Promise<${result(rowName)}> {`,
    `  ${query.cardinality === 'exec' ? 'const { rowCount } = await' : 'return await'} db.${call}(${tag}\`\n    ${
      hasMultilineLiteral(query) ? literal : literal.replaceAll('\n', '\n    ')
    }\`)`,
    ...(query.cardinality === 'exec' ? ['  return rowCount'] : []),
    '}',
  ].join('\n')
}

type Param = { ts: string; encoded: string }

function readParams(
  query: NamedQuery,
  { paramOids }: Description,
  types: ReadonlyMap<number, PgType>,
): Map<string, Param> {
  const names = new Set(query.params)
  for (const name of query.nullableParams) {
    if (!names.has(name)) throw new TypeError(`"nullable params" names :${name}, which the statement does not use`)
  }
  const params = new Map<string, Param>()
  for (const name of names) {
    const oids = new Set(query.params.flatMap((param, i) => (param === name ? [paramOids[i] ?? 0] : [])))
    if (oids.size > 1) throw new TypeError(`parameter :${name} has ${oids.size} types; cast each use the same way`)
    const nullable = query.nullableParams.has(name)
    const { ts, encode } = typeOf(types, [...oids][0] ?? 0)
    params.set(name, { ts: nullable ? `${ts} | null` : ts, encoded: encode(`params.${name}`, { nullable }) })
  }
  return params
}

/** As the text of a template literal. */
function escaped(text: string): string {
  return text.replaceAll(/\\|`|\$\{/g, '\\$&')
}

function renderRow(
  query: NamedQuery,
  columns: Description['columns'],
  types: ReadonlyMap<number, PgType>,
  rowName: string,
): string[] {
  if (columns.length === 0) return []
  for (const [hint, named] of [
    ['not null', query.notNull],
    ['nullable', query.nullable ?? []],
  ] as const) {
    const unknown = [...named].find((name) => !columns.some((column) => column.name === name))
    if (unknown !== undefined) throw new TypeError(`"${hint}" names ${unknown}, no such column`)
  }
  const names = columns.map(({ name }) => camel(name))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new TypeError(`two columns are called ${twice}`)
  const fields = columns.map((column) => {
    const notNull = query.nullable ? !query.nullable.has(column.name) : column.notNull || query.notNull.has(column.name)
    const nullable = notNull ? '' : '.nullable()'
    return `${camel(column.name)}: ${typeOf(types, column.typeOid).zod}${nullable}`
  })
  return [
    `const ${query.name}Row = z.object({ ${fields.join(', ')} })`,
    `export type ${rowName} = z.infer<typeof ${query.name}Row>`,
    '',
  ]
}

function typeOf(types: ReadonlyMap<number, PgType>, oid: number): Mapping {
  const type = types.get(oid)
  if (!type) throw new TypeError(`PostgreSQL named an unknown type ${oid}`)
  if (type.labels) {
    const labels = type.labels.map((label) => `'${label}'`)
    return plain(`z.enum([${labels.join(', ')}])`, labels.join(' | '))
  }
  if (type.element !== 0) return arrayOf(types.get(type.element)?.name ?? '', typeOf(types, type.element))
  const scalar = SCALARS[type.name]
  if (!scalar) throw new TypeError(`no TypeScript type is known for PostgreSQL's ${type.name}`)
  return scalar
}

function arrayOf(name: string, element: Mapping): Mapping {
  // pg reads an array of an enum as one string, and slonik cannot name a type outside the search path.
  if (!(name in SCALARS)) throw new TypeError(`arrays of ${name} are not supported: cast to text[]`)
  const encodesItems = ['timestamptz', 'json', 'jsonb'].includes(name)
  return {
    zod: `z.array(${element.zod})`,
    ts: `readonly ${/[ |]/.test(element.ts) ? `(${element.ts})` : element.ts}[]`,
    encode: (value, { nullable }) => {
      if (!encodesItems) return `array(${value}, '${name}')`
      const items = `.map((item) => ${element.encode('item', { nullable: false })})`
      return `array(${value}${nullable ? `?${items} ?? null` : items}, '${name}')`
    },
  }
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}
