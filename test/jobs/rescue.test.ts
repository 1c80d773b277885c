import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import type { Pool } from '../../sql/database.ts'
import { enqueue } from '../../src/jobs/enqueue.ts'
import type { JobClass } from '../../src/jobs/task.ts'
import { testDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { LEDGER, ledgerJob, type Mode, readLedger, startWorker, testContext, write } from './worker.ts'

const RESCUED_WITHIN_MS = 15_000

async function setup(t: ExecutionContext): Promise<{ db: Pool; url: string }> {
  const { db, url } = await testDatabase(t)
  await db.query(LEDGER)
  return { db, url }
}

async function startChild(t: ExecutionContext, { url, worker, mode }: { url: string; worker: string; mode: Mode }) {
  const child = fork(path.join(import.meta.dirname, 'worker.ts'), [url, worker, mode], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  child.stderr?.on('data', (text: Buffer) => t.log(text.toString().slice(0, 400)))
  t.teardown(async () => await kill(child))
  await once(child, 'message')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function startHere(t: ExecutionContext, { db, url, mode }: { db: Pool; url: string; mode: Mode }) {
  const options = { worker: 'here', mode }
  const jobs = [ledgerJob('control', options), ledgerJob('bulk', options)]
  const runners = await startWorker(testContext(db), { url, jobs })
  t.teardown(async () => await runners.stop())
  return runners
}

async function queue(db: Pool, jobClass: JobClass, count: number): Promise<void> {
  const job = ledgerJob(jobClass, { worker: '', mode: 'finish' })
  for (let i = 0; i < count; i++) await enqueue(db, job, {})
}

const countLocked = async (db: Pool): Promise<number> =>
  await db.oneFirst(sql.type(z.object({ count: z.int() }))`
    select count(*) from graphile_worker._private_jobs where locked_by is not null`)

const countJobs = async (db: Pool): Promise<number> =>
  await db.oneFirst(sql.type(z.object({ count: z.int() }))`select count(*) from graphile_worker._private_jobs`)

test('the jobs of a killed worker run elsewhere within 15 seconds, with the attempts they really had', async (t) => {
  const { db, url } = await setup(t)
  await queue(db, 'control', 2)
  await queue(db, 'bulk', 8)
  const child = await startChild(t, { url, worker: 'child', mode: 'hang' })
  await until(
    async () => await readLedger(db, 'start'),
    (rows) => rows.length === 4,
  )
  await until(
    async () => await countLocked(db),
    (count) => count === 10,
  )
  const started = new Set((await readLedger(db, 'start')).map(({ jobId }) => jobId))
  await startHere(t, { db, url, mode: 'finish' })

  const killedAt = performance.now()
  await kill(child)
  await until(
    async () => await countJobs(db),
    (count) => count === 0,
  )
  const rescuedMs = performance.now() - killedAt
  t.log(`rescued after ${(rescuedMs / 1000).toFixed(1)} s`)
  t.true(rescuedMs < RESCUED_WITHIN_MS)

  const runs = (await readLedger(db, 'end')).filter(({ worker }) => worker === 'here')
  t.is(runs.length, 10)
  for (const { job, jobId, attempt } of runs) {
    t.is(attempt, started.has(jobId) ? 2 : 1, `attempt of ${job} ${jobId}`)
  }
  t.is(runs.filter(({ attempt }) => attempt === 1).length, 6, 'what was only fetched kept its attempt')
  const pids = await db.anyFirst(sql.type(z.object({ pid: z.int() }))`select pid from daybreak.job_workers`)
  t.deepEqual(new Set(pids), new Set([process.pid]))
})

test('a worker that froze loses its jobs, knows it when it returns, and cannot complete them', async (t) => {
  const { db, url } = await setup(t)
  const child = await startChild(t, { url, worker: 'child', mode: 'hang' })
  await queue(db, 'control', 1)
  await until(
    async () => await readLedger(db, 'start'),
    (rows) => rows.length === 1,
  )
  const poolOf = async (pid: number) =>
    await db.anyFirst(sql.type(z.object({ poolId: z.string() }))`
      select pool_id from daybreak.job_workers where pid = ${pid} and class = 'control'`)
  const [frozenPool] = await poolOf(child.pid!)
  await startHere(t, { db, url, mode: 'hold' })

  child.kill('SIGSTOP')
  await until(
    async () => await readLedger(db, 'start'),
    (rows) => rows.some(({ worker }) => worker === 'here'),
  )
  t.deepEqual(await poolOf(child.pid!), [])

  child.kill('SIGCONT')
  const [lost] = await until(
    async () => await readLedger(db, 'lost'),
    (rows) => rows.length > 0,
  )
  t.like(lost, { worker: 'child', attempt: 1 })
  await until(async () => (await readLedger(db, 'end')).some(({ worker }) => worker === 'child'))
  const [newPool] = await until(
    async () => await poolOf(child.pid!),
    (ids) => ids.length === 1 && ids[0] !== frozenPool,
  )
  t.truthy(newPool, 'the pool that was given up is replaced')
  t.is(await countLocked(db), 1, 'the job that runs here is still there')

  await write(db, { event: 'release' })
  await until(
    async () => await countJobs(db),
    (count) => count === 0,
  )
  t.like((await readLedger(db, 'end')).at(-1), { worker: 'here', attempt: 2 })
})
