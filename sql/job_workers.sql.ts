// Generated from job_workers.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, prepared } from './values.ts'

/** Must be committed before the pool fetches its first job. */
export async function insertJobWorker(db: CommonQueryMethods, params: { poolId: string; processId: string; class: string; host: string; pid: number; version: string; prefetches: boolean }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.job_workers (pool_id, process_id, class, host, pid, version, prefetches)
    values (${params.poolId}, ${params.processId}, ${params.class}, ${params.host}, ${params.pid}, ${params.version}, ${params.prefetches})`)
  return rowCount
}

const beatJobWorkersRow = z.object({ poolId: z.string(), revived: z.boolean(), othersDied: z.boolean(), nextDeathInMs: z.int().nullable() })
export type BeatJobWorkersRow = z.infer<typeof beatJobWorkersRow>

/** Tells that these pools live. `revived`: its row was gone, so its jobs were given to others meanwhile. `others_died`: pools of other processes wait to be rescued. `next_death_in_ms`: when the first of those alive will have been silent for too long; null when there is none. */
export async function beatJobWorkers(db: CommonQueryMethods, params: { processId: string; host: string; pid: number; version: string; poolIds: readonly string[]; classes: readonly string[]; prefetches: readonly boolean[]; deadAfterSeconds: number }): Promise<readonly BeatJobWorkersRow[]> {
  return await db.any(prepared('beatJobWorkers', beatJobWorkersRow)`
    with beat as (
      insert into daybreak.job_workers (pool_id, process_id, class, host, pid, version, prefetches)
      select pool.id, ${params.processId}, pool.class, ${params.host}, ${params.pid}, ${params.version}, pool.prefetches
      from unnest(${array(params.poolIds, 'text')}::text[], ${array(params.classes, 'text')}::text[], ${array(params.prefetches, 'bool')}::bool[]) as pool (id, class, prefetches)
      on conflict (pool_id) do update set last_seen_at = clock_timestamp()
      returning new.pool_id, old.pool_id is null as revived
    ), other as (
      select ${params.deadAfterSeconds}::float8 - extract(epoch from clock_timestamp() - last_seen_at) as seconds_left
      from daybreak.job_workers where pool_id <> all (${array(params.poolIds, 'text')}::text[])
    )
    select beat.pool_id, beat.revived,
      exists (select from other where seconds_left < 0) as others_died,
      (select ceil(1000 * min(seconds_left))::int from other where seconds_left >= 0) as next_death_in_ms
    from beat`)
}

const lockDeadJobWorkersRow = z.object({ poolId: z.string() })
export type LockDeadJobWorkersRow = z.infer<typeof lockDeadJobWorkersRow>

/** Pools silent for too long, by the database's clock, that no other process is rescuing. */
export async function lockDeadJobWorkers(db: CommonQueryMethods, params: { deadAfterSeconds: number; limit: number }): Promise<readonly LockDeadJobWorkersRow[]> {
  return await db.any(sql.type(lockDeadJobWorkersRow)`
    select pool_id from daybreak.job_workers
    where last_seen_at < clock_timestamp() - make_interval(secs => ${params.deadAfterSeconds}::float8)
    order by last_seen_at
    limit ${params.limit}
    for update skip locked`)
}

/** Forgets pools, but not one that still holds a job. */
export async function deleteJobWorkers(db: CommonQueryMethods, params: { poolIds: readonly string[] }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.job_workers worker
    where worker.pool_id = any (${array(params.poolIds, 'text')}::text[])
      and not exists (select from graphile_worker._private_jobs job where job.locked_by = worker.pool_id)`)
  return rowCount
}

const startJobsRow = z.object({ id: z.int() })
export type StartJobsRow = z.infer<typeof startJobsRow>

/** Remembers which prefetched jobs a pool starts, before it does; returns those of them that it still holds. */
export async function startJobs(db: CommonQueryMethods, params: { jobIds: readonly number[]; attempts: readonly number[]; poolId: string }): Promise<readonly StartJobsRow[]> {
  return await db.any(prepared('startJobs', startJobsRow)`
    with held as (
      select job.id
      from unnest(${array(params.jobIds, 'int8')}::bigint[], ${array(params.attempts, 'int4')}::int[]) as run (id, attempt)
      join graphile_worker._private_jobs job on job.id = run.id
      where job.locked_by = ${params.poolId} and (job.attempts = run.attempt or (job.key is null
          and job.attempts = job.max_attempts))
    ), written as (
      update daybreak.job_workers worker set started_jobs = array (
        select job.id from graphile_worker._private_jobs job
        where job.id = any (worker.started_jobs) and job.locked_by = worker.pool_id
        union select held.id from held)
      where worker.pool_id = ${params.poolId}
      returning worker.pool_id
    )
    select held.id from held, written`)
}
