// Applies graphile-worker's migrations, then migrations/NNNN-name.sql in order, once each, one process at a time.
// An edited, missing or renumbered old file stops the start.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Logger, runMigrations } from 'graphile-worker'
import pg from 'pg'
import { Refusal } from '../src/domain/errors.ts'
import { LOCKS } from './locks.ts'

export const MIGRATIONS_FOLDER = path.resolve(import.meta.dirname, '../migrations')
/** `uuidv7()` and `returning old/new` came with 18. */
export const MINIMUM_SERVER_VERSION = 18
/** How long one process waits for another that is migrating; a build of a large index may take minutes. */
const LOCK_WAIT_MS = 10 * 60_000
const LOCK_POLL_MS = 50
const OUTSIDE_A_TRANSACTION = /^-- migrate: outside a transaction$/m

export type Migration = { name: string; text: string; checksum: string }

export function readMigrations(folder: string): Migration[] {
  return fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .map((file, index) => {
      const expected = String(index + 1).padStart(4, '0')
      if (/^(\d{4})-[a-z0-9-]+\.sql$/.exec(file)?.[1] !== expected)
        throw new Error(`${file}: expected number ${expected}`)
      const text = fs.readFileSync(path.join(folder, file), 'utf8').replaceAll('\r\n', '\n')
      return { name: file.slice(0, -4), text, checksum: createHash('sha256').update(text).digest('hex') }
    })
}

/** Returns the names of ours that it applied. Needs a direct connection: it holds a session lock. */
export async function migrate(url: string, folder = MIGRATIONS_FOLDER): Promise<string[]> {
  const migrations = readMigrations(folder)
  const client = await connect(url)
  try {
    await assertVersion(client)
    await lock(client)
    // Its own migrations come first: ours refer to its schema.
    await runMigrations({ connectionString: url, logger: new Logger(() => () => {}) })
    const due = await readDue(client, migrations)
    for (const migration of due) await apply(client, migration)
    return due.map(({ name }) => name)
  } finally {
    await client.end() // lets go of the advisory lock too
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'daybreak migrate',
    connectionTimeoutMillis: 10_000,
  })
  client.on('error', () => {}) // a broken connection also fails the statement in flight, which reports it
  try {
    await client.connect()
    return client
  } catch (error) {
    const { host, port, database } = client
    throw new Refusal(
      'unavailable',
      `The database ${database} at ${host}:${port} cannot be reached: ${(error as Error).message}.`,
      {
        detail: 'Check DAYBREAK_DATABASE_URL and that PostgreSQL is running.',
        cause: error,
      },
    )
  }
}

async function assertVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`)
  const version = rows[0]?.version ?? ''
  if (Number.parseInt(version, 10) >= MINIMUM_SERVER_VERSION) return
  throw new Refusal(
    'unavailable',
    `PostgreSQL ${version} is too old: Daybreak needs ${MINIMUM_SERVER_VERSION} or newer.`,
    {
      detail: 'Upgrade the server, or point DAYBREAK_DATABASE_URL at a newer one.',
    },
  )
}

/**
 * Polled, not awaited: a session blocked inside pg_advisory_lock holds a snapshot that `create index concurrently`
 * waits for.
 */
async function lock(client: pg.Client): Promise<void> {
  for (let waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_POLL_MS) {
    const { rows } = await client.query<{ ours: boolean }>('select pg_try_advisory_lock($1) as ours', [LOCKS.migrate])
    if (rows[0]?.ours) return
    await sleep(LOCK_POLL_MS)
  }
  throw new Refusal(
    'unavailable',
    `Another process has been migrating this database for ${LOCK_WAIT_MS / 60_000} minutes.`,
    {
      detail: 'Look for "daybreak migrate" in pg_stat_activity.',
    },
  )
}

async function readDue(client: pg.Client, migrations: readonly Migration[]): Promise<Migration[]> {
  await client.query(`create schema if not exists daybreak;
    create table if not exists daybreak.migrations (
      name text primary key, checksum text not null, applied_at timestamptz not null default now())`)
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from daybreak.migrations order by name',
  )
  for (const [index, row] of rows.entries()) {
    const file = migrations[index]
    if (file?.name !== row.name) {
      throw new Refusal('unavailable', `The database has migration ${row.name}, this build does not.`, {
        detail: 'The build is older than the database: install the newer one again.',
      })
    }
    if (file.checksum !== row.checksum)
      throw new Refusal('unavailable', `Migration ${row.name} of this build is not the one that this database has.`, {
        detail: 'It was edited after it was applied: install an unchanged build.',
      })
  }
  return migrations.slice(rows.length)
}

async function apply(client: pg.Client, { name, text, checksum }: Migration): Promise<void> {
  const record = (): Promise<unknown> =>
    client.query('insert into daybreak.migrations (name, checksum) values ($1, $2)', [name, checksum])
  try {
    if (OUTSIDE_A_TRANSACTION.test(text)) {
      await client.query(text)
      await record()
      return
    }
    await client.query('begin')
    await client.query(text)
    await record()
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new Error(`migration ${name} failed: ${(error as Error).message}`, { cause: error })
  }
}
