// Generated from jobs.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, json, time, prepared, type Json } from './values.ts'

const enqueueJobRow = z.object({ id: z.string() })
export type EnqueueJobRow = z.infer<typeof enqueueJobRow>

/** Queues a job in the caller's transaction; with a key it replaces the one that waits under that key. */
export async function enqueueJob(db: CommonQueryMethods, params: { task: string; payload: Json; jobKey: string | null; runAt: Date | null; maxAttempts: number; priority: number | null }): Promise<EnqueueJobRow> {
  return await db.one(prepared('enqueueJob', enqueueJobRow)`
    select daybreak.enqueue(${params.task}, ${json(params.payload)}, ${params.jobKey}, ${time(params.runAt)}, ${params.maxAttempts}, ${params.priority}) as id`)
}

const findHeldJobRow = z.object({ id: z.int() })
export type FindHeldJobRow = z.infer<typeof findHeldJobRow>

/** The job, while that pool still holds it for that attempt. A running job whose key is asked for again gives the key to the new one and counts as at its last attempt. */
export async function findHeldJob(db: CommonQueryMethods, params: { jobId: number; poolId: string; attempt: number }): Promise<FindHeldJobRow | null> {
  return await db.maybeOne(prepared('findHeldJob', findHeldJobRow)`
    select id from graphile_worker._private_jobs
    where id = ${params.jobId} and locked_by = ${params.poolId} and (attempts = ${params.attempt} or (key is null and attempts = max_attempts))`)
}

const lockHeldJobRow = z.object({ id: z.int() })
export type LockHeldJobRow = z.infer<typeof lockHeldJobRow>

/** The same, and nobody can take the job away before the transaction ends. */
export async function lockHeldJob(db: CommonQueryMethods, params: { jobId: number; poolId: string; attempt: number }): Promise<LockHeldJobRow | null> {
  return await db.maybeOne(prepared('lockHeldJob', lockHeldJobRow)`
    select id from graphile_worker._private_jobs
    where id = ${params.jobId} and locked_by = ${params.poolId} and (attempts = ${params.attempt} or (key is null and attempts = max_attempts))
    for no key update`)
}

const listHeldJobsRow = z.object({ id: z.int() })
export type ListHeldJobsRow = z.infer<typeof listHeldJobsRow>

/** Those of some runs that the pool still holds. */
export async function listHeldJobs(db: CommonQueryMethods, params: { jobIds: readonly number[]; attempts: readonly number[]; poolId: string }): Promise<readonly ListHeldJobsRow[]> {
  return await db.any(prepared('listHeldJobs', listHeldJobsRow)`
    select job.id
    from unnest(${array(params.jobIds, 'int8')}::bigint[], ${array(params.attempts, 'int4')}::int[]) as run (id, attempt)
    join graphile_worker._private_jobs job on job.id = run.id
    where job.locked_by = ${params.poolId} and (job.attempts = run.attempt or (job.key is null and job.attempts = job.max_attempts))`)
}

const unlockJobsRow = z.object({ id: z.int() })
export type UnlockJobsRow = z.infer<typeof unlockJobsRow>

/** Takes the jobs of dead pools away from them; one that was fetched but never started gets its attempt back. A job whose row is locked has a handler inside a transaction that it may still commit: it stays until that is decided. */
export async function unlockJobs(db: CommonQueryMethods, params: { poolIds: readonly string[] }): Promise<readonly UnlockJobsRow[]> {
  return await db.any(sql.type(unlockJobsRow)`
    with stranded as (
      select job.id, job.locked_by from graphile_worker._private_jobs job
      where job.locked_by = any (${array(params.poolIds, 'text')}::text[])
      for update skip locked
    ), judged as (
      select stranded.id, coalesce(worker.prefetches and not stranded.id = any (worker.started_jobs), false) as waiting
      from stranded left join daybreak.job_workers worker on worker.pool_id = stranded.locked_by
    )
    update graphile_worker._private_jobs job set
      locked_by = null,
      locked_at = null,
      attempts = case when judged.waiting then greatest(job.attempts - 1, 0) else job.attempts end,
      last_error = case when judged.waiting then job.last_error else 'its worker stopped before the job ended' end,
      updated_at = clock_timestamp()
    from judged where job.id = judged.id
    returning job.id`)
}

const listOrphanedPoolsRow = z.object({ poolId: z.string() })
export type ListOrphanedPoolsRow = z.infer<typeof listOrphanedPoolsRow>

/** Pools that hold jobs and have no row: what is left when a row was lost. */
export async function listOrphanedPools(db: CommonQueryMethods, params: { deadAfterSeconds: number; limit: number }): Promise<readonly ListOrphanedPoolsRow[]> {
  return await db.any(sql.type(listOrphanedPoolsRow)`
    select distinct job.locked_by as pool_id
    from graphile_worker._private_jobs job
    where job.locked_at < clock_timestamp() - make_interval(secs => ${params.deadAfterSeconds}::float8)
      and job.locked_by like 'pool-%'
      and not exists (select from daybreak.job_workers worker where worker.pool_id = job.locked_by)
    limit ${params.limit}`)
}

/** Has every runner look for jobs at once instead of at its next poll. */
export async function announceJobs(db: CommonQueryMethods, params: { count: number }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    select pg_notify('jobs:insert', json_build_object('r', random(), 'count', ${params.count}::int)::text)`)
  return rowCount
}
