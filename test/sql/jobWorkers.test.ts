import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { beatJobWorkers, insertJobWorker, startJobs } from '../../sql/job_workers.sql.ts'
import { enqueueJob } from '../../sql/jobs.sql.ts'
import { rescueDeadWorkers } from '../../src/jobs/jobWorkers.ts'
import { holdForUpdate, type JobRun, stillHolds } from '../../src/jobs/task.ts'
import { testDatabase } from '../support/database.ts'

const ORIGIN = { processId: crypto.randomUUID(), host: 'h', pid: 1, version: '1' }
const signal = AbortSignal.any([])

async function setup(t: ExecutionContext) {
  const { db } = await testDatabase(t)
  const aPool = async (poolId: string, { prefetches = false, silentSeconds = 0 } = {}) => {
    await insertJobWorker(db, { ...ORIGIN, poolId, class: 'control', prefetches })
    await db.query(sql.unsafe`update daybreak.job_workers
      set last_seen_at = clock_timestamp() - make_interval(secs => ${silentSeconds}) where pool_id = ${poolId}`)
  }
  /** A job that the pool locked, and whose lock is a minute old. */
  const aJob = async (poolId: string): Promise<JobRun> => {
    const queued = { task: 'x', payload: {}, jobKey: null, runAt: null, maxAttempts: 5, priority: null }
    const { id } = await enqueueJob(db, queued)
    await db.query(sql.unsafe`update graphile_worker._private_jobs
      set locked_by = ${poolId}, locked_at = now() - interval '1 minute', attempts = 1 where id = ${id}::bigint`)
    return { task: 'x', jobId: id, attempt: 1, maxAttempts: 5, poolId, signal }
  }
  const attemptsOf = async ({ jobId }: JobRun) =>
    await db.oneFirst(sql.type(z.object({ attempts: z.int() }))`
      select attempts from graphile_worker._private_jobs where id = ${jobId}::bigint`)
  const pools = async () =>
    await db.anyFirst(sql.type(z.object({ poolId: z.string() }))`select pool_id from daybreak.job_workers order by 1`)
  return { db, aPool, aJob, attemptsOf, pools }
}

test('only pools that were silent for too long are rescued', async (t) => {
  const { db, aPool, aJob, pools } = await setup(t)
  await aPool('pool-alive', { silentSeconds: 11 })
  await aPool('pool-dead', { silentSeconds: 13 })
  const [alive, dead] = [await aJob('pool-alive'), await aJob('pool-dead')]
  t.deepEqual(await rescueDeadWorkers(db), { poolIds: ['pool-dead'], jobIds: [Number(dead.jobId)] })
  t.true(await stillHolds(db, alive))
  t.false(await stillHolds(db, dead))
  t.deepEqual(await pools(), ['pool-alive'])
})

test('of a pool that prefetches, only what it started has spent its attempt', async (t) => {
  const { db, aPool, aJob, attemptsOf } = await setup(t)
  await aPool('pool-bulk', { prefetches: true, silentSeconds: 13 })
  await aPool('pool-durable', { silentSeconds: 13 })
  const [started, waiting, durable] = [await aJob('pool-bulk'), await aJob('pool-bulk'), await aJob('pool-durable')]
  const held = await startJobs(db, { jobIds: [Number(started.jobId)], attempts: [1], poolId: 'pool-bulk' })
  t.deepEqual(held, [{ id: Number(started.jobId) }])
  await rescueDeadWorkers(db)
  t.deepEqual([await attemptsOf(started), await attemptsOf(waiting), await attemptsOf(durable)], [1, 0, 1])
})

test('a pool that lost its row, or the job, may not start it', async (t) => {
  const { db, aPool, aJob } = await setup(t)
  await aPool('pool-a', { prefetches: true })
  const [mine, stranger] = [await aJob('pool-a'), await aJob('pool-gone')]
  const jobIds = [Number(mine.jobId), Number(stranger.jobId)]
  t.deepEqual(await startJobs(db, { jobIds, attempts: [2, 1], poolId: 'pool-a' }), [], 'another attempt, another pool')
  t.deepEqual(await startJobs(db, { jobIds, attempts: [1, 1], poolId: 'pool-gone' }), [])
})

test('started jobs are forgotten once they have ended', async (t) => {
  const { db, aPool, aJob } = await setup(t)
  await aPool('pool-a', { prefetches: true })
  const [first, second] = [await aJob('pool-a'), await aJob('pool-a')]
  const start = async ({ jobId }: JobRun) =>
    await startJobs(db, { jobIds: [Number(jobId)], attempts: [1], poolId: 'pool-a' })
  await start(first)
  await db.query(sql.unsafe`delete from graphile_worker._private_jobs where id = ${first.jobId}::bigint`)
  await start(second)
  const started = await db.oneFirst(sql.type(z.object({ startedJobs: z.array(z.int()) }))`
    select started_jobs from daybreak.job_workers`)
  t.deepEqual(started, [Number(second.jobId)])
})

test('jobs of a pool without a row are rescued too', async (t) => {
  const { db, aJob } = await setup(t)
  const job = await aJob('pool-unknown')
  t.deepEqual(await rescueDeadWorkers(db), { poolIds: ['pool-unknown'], jobIds: [Number(job.jobId)] })
})

test('a job whose handler is inside its effect is not taken away before that is decided', async (t) => {
  const { db, aPool, aJob, pools } = await setup(t)
  await aPool('pool-slow', { silentSeconds: 13 })
  const [inside, other] = [await aJob('pool-slow'), await aJob('pool-slow')]
  const held = Promise.withResolvers<void>()
  const decided = Promise.withResolvers<void>()
  const effect = db.transaction(async (tx) => {
    t.true(await holdForUpdate(tx, inside))
    held.resolve()
    await decided.promise
  })
  await held.promise
  t.deepEqual((await rescueDeadWorkers(db)).jobIds, [Number(other.jobId)])
  t.deepEqual(await pools(), ['pool-slow'], 'it is looked at again')
  decided.resolve()
  await effect
  t.deepEqual((await rescueDeadWorkers(db)).jobIds, [Number(inside.jobId)])
  t.deepEqual(await pools(), [])
  t.false(await db.transaction(async (tx) => await holdForUpdate(tx, inside)))
})

test('a beat tells a pool that it was given up, and when another will be', async (t) => {
  const { db, aPool } = await setup(t)
  const beat = async () =>
    await beatJobWorkers(db, {
      ...ORIGIN,
      poolIds: ['pool-a', 'pool-b'],
      classes: ['control', 'bulk'],
      prefetches: [false, true],
      deadAfterSeconds: 12,
    })
  await aPool('pool-a')
  const first = (await beat()).toSorted((a, b) => a.poolId.localeCompare(b.poolId))
  t.deepEqual(first, [
    { poolId: 'pool-a', revived: false, othersDied: false, nextDeathInMs: null },
    { poolId: 'pool-b', revived: true, othersDied: false, nextDeathInMs: null },
  ])
  await aPool('pool-c', { silentSeconds: 10 })
  const [quiet] = await beat()
  t.false(quiet!.othersDied)
  t.true(quiet!.nextDeathInMs! > 0 && quiet!.nextDeathInMs! <= 2000)
  await aPool('pool-d', { silentSeconds: 60 })
  const [dead] = await beat()
  t.true(dead!.othersDied)
  t.true(dead!.nextDeathInMs! <= 2000, 'the next one is not forgotten over the one that is dead')
})
