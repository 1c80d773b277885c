import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { startPostgres } from '../../src/postgres/start.ts'

const MIGRATIONS = new URL('../../sql/migrate.ts', import.meta.url)

/** One throw-away cluster for a whole run, with the migrated database `daybreak_template` to clone from. */
export async function startTestCluster(): Promise<string> {
  const home = fs.mkdtempSync(path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'daybreak-test-'))
  fs.chmodSync(home, 0o755)
  process.once('exit', () => fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
  const postgres = await startPostgres({
    dataDir: path.join(home, 'data'),
    binariesDir: path.join(home, 'binaries'),
    ephemeral: true,
    settings: { max_connections: 300 },
  })
  if (fs.existsSync(MIGRATIONS)) await makeTemplate(postgres.url)
  return postgres.url()
}

async function makeTemplate(url: (database?: string) => string): Promise<void> {
  const admin = new pg.Client(url())
  await admin.connect()
  await admin.query('create database daybreak_template')
  await admin.end()
  const { migrate } = (await import(MIGRATIONS.href)) as { migrate: (url: string) => Promise<unknown> }
  await migrate(url('daybreak_template'))
}
