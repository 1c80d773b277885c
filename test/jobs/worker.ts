// A worker to be killed, frozen or stopped: run as a child process, or in the test's own.
import pino from 'pino'
import { sql } from 'slonik'
import { z } from 'zod'
import { openDatabase, type Pool } from '../../sql/database.ts'
import { readConfig } from '../../src/config.ts'
import type { Context } from '../../src/context.ts'
import { installRejectionHandler } from '../../src/jobs/rejections.ts'
import { type Runners, startRunners } from '../../src/jobs/runners.ts'
import { defineJob, type Job, type JobClass, type JobRun, stillHolds } from '../../src/jobs/task.ts'

/** `hang`: until the job is lost or the worker stops. `hold`: until a row says `release`. `finish`: at once. */
const MODES = ['hang', 'hold', 'finish'] as const
export type Mode = (typeof MODES)[number]

export const LEDGER = sql.unsafe`
  create table ledger (n int generated always as identity, worker text, job text, event text, attempt int, job_id text)`

/** What a job's `run` is given where a test calls it without a runner. */
export const A_RUN: JobRun = {
  task: '',
  jobId: '1',
  attempt: 1,
  maxAttempts: 1,
  poolId: '',
  signal: new AbortController().signal,
}

const Row = z.object({ worker: z.string(), job: z.string(), event: z.string(), attempt: z.int(), jobId: z.string() })
export type LedgerRow = z.infer<typeof Row>

export async function readLedger(db: Pool, event: string): Promise<readonly LedgerRow[]> {
  return await db.any(sql.type(Row)`
    select worker, job, event, attempt, job_id from ledger where event = ${event} order by n`)
}

export async function write(db: Pool, { event, worker = '', run }: { event: string; worker?: string; run?: JobRun }) {
  await db.query(sql.unsafe`insert into ledger (worker, job, event, attempt, job_id)
    values (${worker}, ${run?.task ?? ''}, ${event}, ${run?.attempt ?? 0}, ${run?.jobId ?? ''})`)
}

export function ledgerJob(
  jobClass: JobClass,
  { worker, mode }: { worker: string; mode: Mode },
): Job<Record<string, never>> {
  return defineJob({
    name: `ledger-${jobClass}`,
    class: jobClass,
    payload: z.object({}),
    maxAttempts: 5,
    async run(_payload, { db }, run) {
      await write(db, { event: 'start', worker, run })
      while (!run.signal.aborted) {
        if (mode === 'finish') break
        if (mode === 'hang' && !(await stillHolds(db, run))) {
          await write(db, { event: 'lost', worker, run })
          break
        }
        if (mode === 'hold' && (await readLedger(db, 'release')).length > 0) break
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await write(db, { event: 'end', worker, run })
      return { mode }
    },
  })
}

export function testContext(db: Pool, log = pino({ level: 'silent' })): Context {
  return {
    db,
    log,
    config: readConfig({}),
    sealer: undefined as unknown as Context['sealer'],
    drivers: new Map(),
    hostId: 'test-host',
    processId: crypto.randomUUID(),
  }
}

export async function startWorker(
  context: Context,
  { url, jobs, onFatal }: { url: string; jobs: readonly Job[]; onFatal?: (error: unknown) => void },
): Promise<Runners> {
  return await startRunners(context, jobs, {
    directUrl: url,
    concurrency: { control: 2, provision: 2, messages: 2, bulk: 2 },
    onFatal: onFatal ?? (() => {}),
  })
}

if (import.meta.main) {
  const [url = '', worker = '', mode] = process.argv.slice(2)
  const db = await openDatabase(url)
  const context = testContext(db, pino({ level: 'info' }, pino.destination(2)))
  installRejectionHandler(context.log, () => process.exit(3))
  if (mode === 'reject') void Promise.reject(new Error('a bug'))
  const options = { worker, mode: z.enum(MODES).catch('finish').parse(mode) }
  const jobs = [ledgerJob('control', options), ledgerJob('bulk', options)]
  const runners = await startWorker(context, { url, jobs, onFatal: () => process.exit(4) })
  process.once('SIGTERM', () => {
    void runners.stop().then(async () => await db.end())
  })
  process.send?.('ready')
}
