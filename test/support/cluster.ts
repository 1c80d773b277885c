import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { homeReachable } from '../../src/postgres/owner.ts'
import { startPostgres } from '../../src/postgres/start.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const MIGRATIONS = new URL('../../sql/migrate.ts', import.meta.url)
const ROOM = 2 ** 30 // a clone of the template takes 10 MB and each test file has some; containers often give 64 MB

/** One throw-away cluster for a whole run, with the migrated database `daybreak_template` to clone from. */
export async function startTestCluster(): Promise<string> {
  const postgres = await startPostgres({
    // An empty folder of a random name; the cluster moves into it and goes with this process.
    dataDir: fs.mkdtempSync(path.join(fastFolder(), 'daybreak-test-')),
    binariesDir: path.join(
      homeReachable(PROJECT) ? path.join(PROJECT, '.daybreak') : '/var/lib/daybreak',
      'test-binaries',
    ),
    ephemeral: true,
    settings: { max_connections: 300 },
  })
  if (fs.existsSync(MIGRATIONS)) await makeTemplate(postgres.url)
  return postgres.url()
}

function fastFolder(): string {
  if (!fs.existsSync('/dev/shm')) return os.tmpdir()
  const { bavail, bsize } = fs.statfsSync('/dev/shm')
  return bavail * bsize > ROOM ? '/dev/shm' : os.tmpdir()
}

async function makeTemplate(url: (database?: string) => string): Promise<void> {
  const admin = new pg.Client(url())
  await admin.connect()
  await admin.query('create database daybreak_template')
  await admin.end()
  const { migrate } = (await import(MIGRATIONS.href)) as { migrate: (url: string) => Promise<unknown> }
  await migrate(url('daybreak_template'))
}
