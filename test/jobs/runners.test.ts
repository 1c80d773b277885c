import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import pg from 'pg'
import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import type { Pool } from '../../sql/database.ts'
import { enqueueJob } from '../../sql/jobs.sql.ts'
import { enqueue } from '../../src/jobs/enqueue.ts'
import { openJobWorkers } from '../../src/jobs/jobWorkers.ts'
import { startRunner } from '../../src/jobs/runner.ts'
import { nextDelayMs } from '../../src/jobs/runners.ts'
import { defineJob, type Job, type JobClass } from '../../src/jobs/task.ts'
import { testDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { LEDGER, ledgerJob, readLedger, startWorker, testContext, write } from './worker.ts'

const JobRow = z.object({ attempts: z.int(), lastError: z.string().nullable(), lockedBy: z.string().nullable() })
const listJobs = async (db: Pool) =>
  await db.any(sql.type(JobRow)`select attempts, last_error, locked_by from graphile_worker._private_jobs order by id`)
const countWorkers = async (db: Pool) =>
  await db.oneFirst(sql.type(z.object({ n: z.int() }))`select count(*) as n from daybreak.job_workers`)

async function setup(t: ExecutionContext) {
  const { db, url } = await testDatabase(t)
  await db.query(LEDGER)
  const start = async (...jobs: Job[]) => {
    const runners = await startWorker(testContext(db), { url, jobs })
    t.teardown(async () => await runners.stop())
    return runners
  }
  return { db, url, start }
}

const name = { payload: z.object({ name: z.string() }), class: 'control' as JobClass }

test('a job gets its parsed payload, the context and its run', async (t) => {
  const { db, start } = await setup(t)
  const seen: unknown[] = []
  const job = defineJob({
    ...name,
    name: 'look',
    names: () => ['look', 'look@here'],
    async run(payload, context, run) {
      seen.push({ payload, sameDb: context.db === db, task: run.task, attempt: run.attempt, max: run.maxAttempts })
      return { skipped: 'nothing to do' }
    },
  })
  await enqueue(db, job, { name: 'Ada', surplus: true } as { name: string }, { as: 'look@here' })
  await start(job)
  await until(() => seen.length === 1)
  t.deepEqual(seen, [{ payload: { name: 'Ada' }, sameDb: true, task: 'look@here', attempt: 1, max: 25 }])
  await until(async () => (await listJobs(db)).length === 0)
})

test('only classes with jobs have a pool, and each pool has a row as long as it runs', async (t) => {
  const { db, start } = await setup(t)
  const options = { worker: 'here', mode: 'finish' as const }
  const runners = await start(ledgerJob('control', options), ledgerJob('bulk', options))
  t.deepEqual(
    runners.pools().map((pool) => pool.class),
    ['control', 'bulk'],
  )
  t.is(await countWorkers(db), 2)
  await runners.stop()
  t.is(await countWorkers(db), 0)
})

test('a payload that does not parse fails with a sentence that names the field', async (t) => {
  const { db, start } = await setup(t)
  const job = defineJob({ ...name, name: 'picky', run: async () => ({}) })
  await enqueueJob(db, { task: 'picky', payload: null, jobKey: null, runAt: null, maxAttempts: 3, priority: null })
  await start(job)
  const [row] = await until(
    async () => await listJobs(db),
    ([first]) => first?.lastError != null,
  )
  t.regex(row!.lastError!, /^the payload of picky is wrong and no retry will change that: /)
  t.is(row!.lockedBy, null)
})

test('what a handler throws is kept and the job is tried again later', async (t) => {
  const { db, start } = await setup(t)
  const job = defineJob({
    ...name,
    name: 'broken',
    run: async () => {
      throw new Error('the disk is full')
    },
  })
  await enqueue(db, job, { name: 'Ada' })
  await start(job)
  const [row] = await until(
    async () => await listJobs(db),
    ([first]) => first?.lastError != null,
  )
  t.deepEqual(row, { attempts: 1, lastError: 'the disk is full', lockedBy: null })
})

test('a pool fetches nothing before its row is committed', async (t) => {
  for (const jobClass of ['control', 'bulk'] as const) {
    const { db, url, start } = await setup(t)
    const job = ledgerJob(jobClass, { worker: 'here', mode: 'finish' })
    await enqueue(db, job, {})
    const other = new pg.Client(url)
    await other.connect()
    await other.query('begin; lock table daybreak.job_workers in share mode')
    const starting = start(job)
    await until(
      async () =>
        await db.exists(sql.unsafe`
          select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`),
    )
    t.is((await listJobs(db))[0]?.lockedBy, null)
    await other.end()
    await starting
    await until(async () => (await readLedger(db, 'end')).length === 1)
  }
})

test('stopping waits for what runs and gives back what was only fetched', async (t) => {
  const { db, start } = await setup(t)
  const job = ledgerJob('bulk', { worker: 'here', mode: 'hold' })
  for (let i = 0; i < 6; i++) await enqueue(db, job, {})
  const runners = await start(job)
  await until(async () => (await readLedger(db, 'start')).length === 2)
  const stopped = runners.stop()
  await write(db, { event: 'release' })
  await stopped
  t.is((await readLedger(db, 'end')).length, 2)
  t.deepEqual(
    await listJobs(db),
    Array.from({ length: 4 }, () => ({ attempts: 0, lastError: null, lockedBy: null })),
  )
})

test('a handler that ignores everything is left behind when its time is over', async (t) => {
  const { db, url } = await setup(t)
  const context = testContext(db)
  const workers = await openJobWorkers(context, { directUrl: url, onTakenAway() {} })
  let aborted = false
  const job = defineJob({
    ...name,
    name: 'deaf',
    run: async (_payload, _context, { signal }) => {
      signal.addEventListener('abort', () => {
        aborted = true
      })
      await write(db, { event: 'start' })
      return await new Promise(() => {})
    },
  })
  await enqueue(db, job, { name: 'Ada' })
  const runner = await startRunner(context, {
    class: 'control',
    jobs: [job],
    concurrency: 1,
    directUrl: url,
    workers,
  })
  await until(async () => (await readLedger(db, 'start')).length === 1)
  await runner.stop({ abortMs: 0, forceMs: 50 })
  t.true(aborted)
  t.is((await listJobs(db))[0]?.lockedBy, null)
  t.is(await countWorkers(db), 0)
  await workers.close()
})

test('a job with a timetable is known to the queue under its name', async (t) => {
  const { db, start } = await setup(t)
  await start({ ...ledgerJob('control', { worker: 'here', mode: 'finish' }), every: '*/5 * * * *' })
  await until(
    async () =>
      await db.exists(
        sql.unsafe`select from graphile_worker._private_known_crontabs where identifier = 'ledger-control'`,
      ),
  )
  t.pass()
})

for (const jobClass of ['control', 'bulk'] as const) {
  test(`a ${jobClass} job that could not be completed runs again on a fresh pool of the same process`, async (t) => {
    const { db, url } = await setup(t)
    await db.query(sql.unsafe`create sequence deletions`)
    await db.query(sql.unsafe`create function fail_once() returns trigger language plpgsql as $$
      begin
        if nextval('deletions') = 1 then raise exception 'the disk is full'; end if;
        return old;
      end $$`)
    await db.query(sql.unsafe`create trigger fail_once before delete on graphile_worker._private_jobs
      for each row execute function fail_once()`)
    const child = fork(path.join(import.meta.dirname, 'worker.ts'), [url, 'child', 'finish'], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    await once(child, 'message')
    await enqueue(db, ledgerJob(jobClass, { worker: '', mode: 'finish' }), {})
    await until(async () => (await readLedger(db, 'end')).length === 2 && (await listJobs(db)).length === 0)
    t.deepEqual(
      (await readLedger(db, 'end')).map(({ attempt }) => attempt),
      [1, 2],
    )
    await until(async () => (await countWorkers(db)) === 2)
    child.kill('SIGTERM')
    t.deepEqual(await once(child, 'exit'), [0, null])
    t.is(await countWorkers(db), 0)
  })
}

test('a rejection that is not the queue’s ends the process', async (t) => {
  const { url } = await setup(t)
  const child = fork(path.join(import.meta.dirname, 'worker.ts'), [url, 'child', 'reject'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  t.deepEqual(await once(child, 'exit'), [3, null])
})

test('restarts are spaced out and bounded', (t) => {
  const restarts: number[] = []
  const delays = Array.from({ length: 21 }, (_, second) => nextDelayMs(restarts, second * 1000))
  t.deepEqual(delays.slice(0, 8), [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  t.is(delays[20], undefined)
  t.is(typeof nextDelayMs(restarts, 11 * 60_000), 'number', 'old ones are forgotten')
})
