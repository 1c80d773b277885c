import pg from 'pg'
import { LOCKS } from './locks.ts'

/** Held by a session: it goes with the process, however that ends. Null when another process has it. */
export async function holdHomeLock(url: string): Promise<{ release(): Promise<void> } | null> {
  const client = new pg.Client({ connectionString: url, application_name: 'daybreak home', keepAlive: true })
  client.on('error', () => {}) // the database is stopping or gone, and everything else notices too
  await client.connect()
  const { rows } = await client.query<{ ours: boolean }>('select pg_try_advisory_lock($1) as ours', [LOCKS.home])
  if (rows[0]?.ours) return { release: async () => await client.end() }
  await client.end()
  return null
}

/** Makes the database of that name on a cluster of ours, where it is missing. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}
