// How the program reaches PostgreSQL: a checked slonik pool for queries, a plain pool for graphile-worker, a listener.
import { createPgDriverFactory } from '@slonik/pg-driver'
import pg from 'pg'
import {
  type CommonQueryMethods,
  createPool,
  createTypeParserPreset,
  type DatabasePool,
  type DatabaseTransactionConnection,
  type Interceptor,
  type QueryResultRow,
  SchemaValidationError,
  UniqueIntegrityConstraintViolationError,
} from 'slonik'
import { usePreparedStatements } from './values.ts'

export type Db = CommonQueryMethods
export type Pool = DatabasePool
export type Tx = DatabaseTransactionConnection
/** graphile-worker brings its own statements and needs the bare thing. */
export type WorkerPool = pg.Pool

/** No statement of ours may take longer; migrations and maintenance have their own connection. */
const STATEMENT_TIMEOUT_MS = 30_000
/** A transaction that waits for its own client this long would hold row locks that others need. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000
const CONNECTION_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 30_000

export type DatabaseOptions = { maxPoolSize?: number; prepared?: boolean }

export async function openDatabase(
  url: string,
  { maxPoolSize = 10, prepared = true }: DatabaseOptions = {},
): Promise<Pool> {
  usePreparedStatements(prepared)
  return await createPool(url, {
    driverFactory: createPgDriverFactory(),
    interceptors: [camelRows, checkedRows],
    typeParsers,
    maxPoolSize,
    idleTimeout: IDLE_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    statementTimeout: STATEMENT_TIMEOUT_MS,
    idleInTransactionSessionTimeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    // slonik's default, DISCARD ALL at every release, costs a round trip and drops prepared statements; we only SET
    // LOCAL.
    resetConnection: async () => {},
  })
}

export function openWorkerPool(url: string, size: number): WorkerPool {
  const pool = new pg.Pool({ connectionString: url, max: size, application_name: 'daybreak worker' })
  // A connection that breaks while idle must not end the process: the next query opens a new one.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** True when `error` says that the named unique constraint or index was hit. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (!(error instanceof UniqueIntegrityConstraintViolationError)) return false
  return constraint === undefined || error.constraint === constraint
}

const camelRows: Interceptor = {
  name: 'camel-rows',
  transformRow: (_context, _query, row) =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [camel(key), value])),
}

const camelNames = new Map<string, string>()
function camel(name: string): string {
  let known = camelNames.get(name)
  if (known === undefined) {
    known = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
    camelNames.set(name, known) // bounded by the column names in sql/*.sql
  }
  return known
}

/** slonik itself checks nothing: a row type would be a promise. */
const checkedRows: Interceptor = {
  name: 'checked-rows',
  transformRow: ({ resultParser }, query, row) => {
    if (!resultParser) return row
    const result = resultParser['~standard'].validate(row)
    if (result instanceof Promise) throw new TypeError('row schemas must be synchronous')
    if (result.issues) throw new SchemaValidationError(query, row, result.issues)
    return result.value as QueryResultRow
  },
}

const REPLACED = new Set(['int8', 'timestamptz', 'timestamp', 'interval'])
const typeParsers = [
  ...createTypeParserPreset().filter(({ name }) => !REPLACED.has(name)),
  { name: 'int8', parse: safeInteger },
  { name: 'timestamptz', parse: instant },
]

function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`no JavaScript integer for ${text}`)
  return value
}

function instant(text: string): Date {
  const value = new Date(text)
  if (Number.isNaN(value.getTime())) throw new RangeError(`no JavaScript date for ${text}`)
  return value
}
