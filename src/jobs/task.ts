// What a job is, and how graphile-worker runs it. A job says everything about itself in one value.
import type { Task } from 'graphile-worker'
import type { z } from 'zod'
import type { Db } from '../../sql/database.ts'
import { findHeldJob, lockHeldJob } from '../../sql/jobs.sql.ts'
import type { Context } from '../context.ts'

/** Each has a runner of its own, so that one kind of work cannot starve another. Only `bulk` fetches ahead. */
export const JOB_CLASSES = ['control', 'provision', 'messages', 'bulk'] as const
export type JobClass = (typeof JOB_CLASSES)[number]

/** Stored nowhere else: logged once, and what tests look at. `{skipped: 'why'}` is as good an end as any. */
export type Report = Readonly<Record<string, unknown>>

/** One attempt at a job; with `stillHolds` the fence against a worker that was thought dead. */
export type JobRun = {
  /** The task identifier it was queued under. */
  task: string
  jobId: string
  attempt: number
  maxAttempts: number
  poolId: string
  /** Aborted when the process stops and will not wait much longer. */
  signal: AbortSignal
}

export type Job<Payload = unknown> = {
  name: string
  class: JobClass
  /** Ids, never facts: the world is read again when the job runs. */
  payload: z.ZodType<Payload>
  /** Of the jobs with one key at most one waits; the newest replaces it. */
  key?(payload: Payload): string
  /** Five crontab fields, in UTC; the payload is then `{}`. */
  every?: string
  /** `MAX_ATTEMPTS` where not given. */
  maxAttempts?: number
  /** Lower runs first; 0 where not given. */
  priority?: number
  /** The task identifiers that this process serves, where they differ from the name. */
  names?(context: Context): readonly string[]
  run(payload: Payload, context: Context, run: JobRun): Promise<Report>
}

/** With the queue's back-off, which ends at six hours, the last comes after four days. */
export const MAX_ATTEMPTS = 25

/** What asking for a job takes: those who ask need not load what runs it. */
export type JobRequest<Payload> = Pick<Job<Payload>, 'name' | 'payload' | 'key' | 'maxAttempts' | 'priority'>

export function defineJob<Payload>(job: Job<Payload>): Job<Payload> {
  return job
}

export function taskNames(job: Job, context: Context): readonly string[] {
  return job.names?.(context) ?? [job.name]
}

/** What the pool that runs a task knows about it. */
export type TaskPool = {
  signal: AbortSignal
  /** Before a handler starts; false when the job was given to another worker meanwhile. */
  begin(run: JobRun): Promise<boolean>
  /** After it ended; graphile-worker deletes a finished job by its id alone, whoever holds it now. */
  holds(run: JobRun): Promise<boolean>
}

export function toTask(job: Job, context: Context, pool: TaskPool): Task {
  return async (input, { job: row }) => {
    const run: JobRun = {
      task: row.task_identifier,
      jobId: row.id,
      attempt: row.attempts,
      maxAttempts: row.max_attempts,
      poolId: row.locked_by ?? '',
      signal: pool.signal,
    }
    const startedAt = performance.now()
    const fields = (): object => ({
      job: run.task,
      jobId: run.jobId,
      attempt: run.attempt,
      ms: Math.round(performance.now() - startedAt),
    })
    try {
      if (!(await pool.begin(run))) throw new LostJob(run)
      const report = await job.run(parsePayload(job, input), context, run)
      if (!(await pool.holds(run))) throw new LostJob(run)
      context.log.info({ ...fields(), report }, describeReport(run.task, report))
    } catch (error) {
      const last = run.attempt >= run.maxAttempts ? ' for the last time' : ''
      context.log.error({ ...fields(), err: error }, `${run.task} failed${last}: ${messageOf(error)}`)
      throw error
    }
  }
}

/** Thrown instead of reporting success: failing is fenced by the holder, completing is not. */
export class LostJob extends Error {
  constructor({ task, jobId, attempt }: JobRun) {
    super(`job ${jobId} (${task}) was given to another worker during attempt ${attempt}`)
    this.name = 'LostJob'
  }
}

/** False once the job was given to another worker: check it before any effect outside the database. */
export async function stillHolds(db: Db, { jobId, poolId, attempt }: JobRun): Promise<boolean> {
  return (await findHeldJob(db, { jobId: Number(jobId), poolId, attempt })) !== null
}

/** The same inside a transaction, and true until it ends: nobody takes the job away meanwhile. */
export async function holdForUpdate(db: Db, { jobId, poolId, attempt }: JobRun): Promise<boolean> {
  return (await lockHeldJob(db, { jobId: Number(jobId), poolId, attempt })) !== null
}

function parsePayload(job: Job, input: unknown): unknown {
  // What cron adds about its tick is no part of the payload.
  const payload = isRecord(input)
    ? Object.fromEntries(Object.entries(input).filter(([name]) => name !== '_cron'))
    : input
  const parsed = job.payload.safeParse(payload)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`)
  throw new TypeError(`the payload of ${job.name} is wrong and no retry will change that: ${problems.join('; ')}`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function describeReport(task: string, report: Report): string {
  if (typeof report.skipped === 'string') return `${task} skipped: ${report.skipped}`
  const facts = Object.entries(report).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  return [`${task} done`, ...facts].join(', ')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
