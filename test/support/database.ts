import type { ExecutionContext } from 'ava'
import pg from 'pg'
import { openDatabase, type Pool } from '../../sql/database.ts'

const TEMPLATE = 'daybreak_template'
/** PostgreSQL refuses a clone while another session is in the template; test files clone at the same time. */
const CLONE_ATTEMPTS = 200
const CLONE_PAUSE_MS = 25
const OBJECT_IN_USE = '55006'

export type TestDatabase = { url: string; db: Pool }

/** A database of the test's own, gone when the test ends. */
export async function testDatabase(
  t: Pick<ExecutionContext, 'teardown'>,
  { maxPoolSize = 10 } = {},
): Promise<TestDatabase> {
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`
  await onCluster((client) => clone(client, name))
  const url = databaseUrl(name)
  const db = await openDatabase(url, { maxPoolSize })
  t.teardown(async () => {
    await db.end()
    await onCluster((client) => client.query(`drop database if exists ${name} with (force)`))
  })
  return { url, db }
}

async function clone(client: pg.Client, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`create database ${name} template ${TEMPLATE} strategy file_copy`)
      return
    } catch (error) {
      if (attempt >= CLONE_ATTEMPTS || (error as pg.DatabaseError).code !== OBJECT_IN_USE) throw error
      await new Promise((resolve) => setTimeout(resolve, CLONE_PAUSE_MS))
    }
  }
}

async function onCluster(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client(databaseUrl('postgres'))
  client.on('error', () => {}) // a broken connection also fails the statement in flight
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function databaseUrl(name: string): string {
  const cluster = process.env.DAYBREAK_TEST_CLUSTER
  if (cluster === undefined) throw new Error('DAYBREAK_TEST_CLUSTER is not set: run the tests with ava')
  const url = new URL(cluster)
  url.pathname = `/${name}`
  return url.href
}
