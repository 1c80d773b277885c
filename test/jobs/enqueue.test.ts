import test from 'ava'
import { z } from 'zod'
import { sql } from 'slonik'
import type { Db } from '../../sql/database.ts'
import { enqueue } from '../../src/jobs/enqueue.ts'
import { defineJob } from '../../src/jobs/task.ts'
import { testDatabase } from '../support/database.ts'

const greet = defineJob({
  name: 'greet',
  class: 'control',
  payload: z.object({ name: z.string() }),
  maxAttempts: 7,
  priority: 3,
  run: async () => ({}),
})
const greetOnce = defineJob({ ...greet, key: ({ name }: { name: string }) => `greet:${name}` })

const Row = z.object({
  id: z.string(),
  task: z.string(),
  payload: z.unknown(),
  key: z.string().nullable(),
  maxAttempts: z.int(),
  priority: z.int(),
  runAt: z.date(),
})
const listJobs = async (db: Db) =>
  await db.any(sql.type(Row)`
    select j.id::text, t.identifier as task, j.payload, j.key, j.max_attempts, j.priority, j.run_at
    from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id order by j.id`)

test('a job exists if and only if the transaction that queued it commits', async (t) => {
  const { db } = await testDatabase(t)
  await t.throwsAsync(
    db.transaction(async (tx) => {
      await enqueue(tx, greet, { name: 'nobody' })
      throw new Error('changed my mind')
    }),
    { message: 'changed my mind' },
  )
  t.deepEqual(await listJobs(db), [])

  const id = await db.transaction(async (tx) => await enqueue(tx, greet, { name: 'Ada' }))
  const jobs = await listJobs(db)
  t.is(jobs.length, 1)
  t.like(jobs[0], { id, task: 'greet', payload: { name: 'Ada' }, key: null, maxAttempts: 7, priority: 3 })
})

test('a job may be queued for later, under a key, and as another task', async (t) => {
  const { db } = await testDatabase(t)
  const runAt = new Date('2031-01-02T03:04:05Z')
  await enqueue(db, greetOnce, { name: 'Ada' }, { runAt, as: 'greet@host' })
  await enqueue(db, greetOnce, { name: 'Ada' }, { key: 'other' })
  t.like(await listJobs(db), [
    { task: 'greet@host', key: 'greet:Ada', runAt },
    { task: 'greet', key: 'other' },
  ])
})

test('of the jobs with one key the newest replaces the one that waits', async (t) => {
  const { db } = await testDatabase(t)
  const first = await enqueue(db, greetOnce, { name: 'Ada' })
  const second = await enqueue(db, greetOnce, { name: 'Ada' })
  t.is(first, second)
  t.is((await listJobs(db)).length, 1)
})

test('a payload that the job would refuse is refused where it is sent', async (t) => {
  const { db } = await testDatabase(t)
  await t.throwsAsync(enqueue(db, greet, { name: 1 } as unknown as { name: string }), { name: 'ZodError' })
})

test('sixteen writers on four keys never lose a wake-up', async (t) => {
  const { db } = await testDatabase(t, { maxPoolSize: 24 })
  await db.query(sql.unsafe`create table causes (name text not null)`)
  const names = ['a', 'b', 'c', 'd']
  const ids: string[] = []
  const written = new AbortController()

  const write = async (seed: number): Promise<void> => {
    for (let round = 0; round < 60; round++) {
      const name = names[(seed + round) % names.length]!
      const id = await db.transaction(async (tx) => {
        await tx.query(sql.unsafe`insert into causes values (${name})`)
        return await enqueue(tx, greetOnce, { name })
      })
      ids.push(id)
    }
  }
  // Takes, runs and completes jobs as a worker does: a run looks after all causes that are committed when it starts.
  const work = async (): Promise<void> => {
    while (!written.signal.aborted) {
      const job = await db.maybeOne(sql.type(z.object({ id: z.string(), name: z.string() }))`
        update graphile_worker._private_jobs set locked_at = now(), locked_by = 'pool-test', attempts = attempts + 1
        where id = (select id from graphile_worker._private_jobs where is_available limit 1 for update skip locked)
        returning id::text, payload->>'name' as name`)
      if (!job) continue
      await db.query(sql.unsafe`delete from causes where name = ${job.name}`)
      await db.query(sql.unsafe`delete from graphile_worker._private_jobs where id = ${job.id}::bigint`)
    }
  }
  const workers = [work(), work(), work(), work()]
  await Promise.all(Array.from({ length: 16 }, async (_, seed) => await write(seed)))
  written.abort()
  await Promise.all(workers)

  t.is(ids.filter((id) => /^\d+$/.test(id)).length, 16 * 60)
  const waiting = (await listJobs(db)).map(({ payload }) => (payload as { name: string }).name)
  const causes = await db.anyFirst(sql.type(z.object({ name: z.string() }))`select distinct name from causes`)
  t.deepEqual(
    causes.filter((name) => !waiting.includes(name)),
    [],
    'a cause without a job to look after it',
  )
  t.is(new Set(waiting).size, waiting.length, 'one waiting job a key')
})
