import type { Description } from './describe.ts'
import type { Cardinality, NamedQuery } from './parse.ts'

/** A type of the database, by its oid in the map that `readTypes` makes. */
export type PgType = { name: string; element: number; labels: readonly string[] | null }
type Mapping = { zod: string; ts: string; encode: (value: string) => string }

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
  const uses = (word: string): boolean => new RegExp(`\\b${word}\\b`).test(functions)
  const values = ['array', 'bytes', 'json', 'prepared', 'time'].filter((name) => uses(`${name}\\(`.slice(0, -2)))
  const imports = [...values, ...(uses('Json') ? ['type Json'] : [])]
  return [
    `// Generated from ${file} by \`npm run sql\`; edit that file instead.`,
    `import { type CommonQueryMethods${/\bsql\./.test(functions) ? ', sql' : ''} } from 'slonik'`,
    ...(/\bz\./.test(functions) ? [`import { z } from 'zod'`] : []),
    ...(imports.length > 0 ? [`import { ${imports.join(', ')} } from './values.ts'`] : []),
    '',
    functions,
    '',
  ].join('\n')
}

function renderQuery(
  query: NamedQuery,
  { paramOids, columns }: Description,
  types: ReadonlyMap<number, PgType>,
): string {
  const names = [...new Set(query.params)]
  const typeOfParam = (name: string): Mapping => {
    const oids = new Set(query.params.flatMap((param, i) => (param === name ? [paramOids[i] ?? 0] : [])))
    if (oids.size > 1) throw new TypeError(`parameter :${name} has ${oids.size} types; cast each use the same way`)
    return typeOf(types, [...oids][0] ?? 0)
  }
  const params = names.map(
    (name) => `${name}: ${typeOfParam(name).ts}${query.nullableParams.has(name) ? ' | null' : ''}`,
  )
  for (const name of query.nullableParams) {
    if (!names.includes(name)) throw new TypeError(`"nullable params" names :${name}, which the statement does not use`)
  }
  const body = query.parts
    .map((part, i) => {
      const name = query.params[i]
      return name === undefined ? part : `${part}\${${typeOfParam(name).encode(`params.${name}`)}}`
    })
    .join('')
    .replaceAll('\n', '\n    ')
  const rowName = `${query.name.charAt(0).toUpperCase()}${query.name.slice(1)}Row`
  const { call, result } = METHODS[query.cardinality]
  const schema = columns.length > 0 ? `${query.name}Row` : 'z.unknown()'
  const tag = query.prepared ? `prepared('${query.name}', ${schema})` : columns.length > 0 ? `sql.type(${schema})` : 'sql.unsafe'
  const argument = params.length > 0 ? `, params: { ${params.join('; ')} }` : ''
  return [
    ...renderRow(query, columns, types, rowName),
    ...(query.doc ? [`/** ${query.doc} */`] : []),
    `export async function ${query.name}(db: CommonQueryMethods${argument}): Promise<${result(rowName)}> {`,
    `  ${query.cardinality === 'exec' ? 'const { rowCount } = await' : 'return await'} db.${call}(${tag}\`\n    ${body}\`)`,
    ...(query.cardinality === 'exec' ? ['  return rowCount'] : []),
    '}',
  ].join('\n')
}

function renderRow(
  query: NamedQuery,
  columns: Description['columns'],
  types: ReadonlyMap<number, PgType>,
  rowName: string,
): string[] {
  if (columns.length === 0) return []
  for (const name of query.notNull) {
    if (!columns.some((column) => column.name === name)) throw new TypeError(`"not null" names ${name}, no such column`)
  }
  const fields = columns.map((column) => {
    const nullable = column.notNull || query.notNull.has(column.name) ? '' : '.nullable()'
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
  if (type.element !== 0) {
    const element = typeOf(types, type.element)
    const elementName = types.get(type.element)?.name ?? ''
    return {
      zod: `z.array(${element.zod})`,
      ts: `readonly (${element.ts})[]`,
      encode: (value) => `array(${value}, '${elementName}')`,
    }
  }
  const scalar = SCALARS[type.name]
  if (!scalar) throw new TypeError(`no TypeScript type is known for PostgreSQL's ${type.name}`)
  return scalar
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}
