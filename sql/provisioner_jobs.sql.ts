// Generated from provisioner_jobs.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, json, prepared, type Json } from './values.ts'

const insertImportJobRow = z.object({ id: z.guid() })
export type InsertImportJobRow = z.infer<typeof insertImportJobRow>

export async function insertImportJob(db: CommonQueryMethods, params: { organizationId: string; initiatorId: string; provisioner: string; fileId: string }): Promise<InsertImportJobRow> {
  return await db.one(sql.type(insertImportJobRow)`
    insert into daybreak.provisioner_jobs (organization_id, initiator_id, provisioner, type, file_id)
    values (${params.organizationId}, ${params.initiatorId}, ${params.provisioner}, 'template_version_import', ${params.fileId})
    returning id`)
}

const acquireProvisionerJobRow = z.object({ id: z.guid(), type: z.string(), organizationId: z.guid(), fileId: z.guid().nullable(), workspaceId: z.guid().nullable(), attempt: z.int() })
export type AcquireProvisionerJobRow = z.infer<typeof acquireProvisionerJobRow>

/** The next job for this worker: people first, then removals, then new prebuilds; never one that was cancelled. One that workers could not run waits longer each time: 0, 3, 15 and 63 s, so that a short fault of theirs fails no build. */
export async function acquireProvisionerJob(db: CommonQueryMethods, params: { workerId: string; provisioner: string; tags: Json }): Promise<AcquireProvisionerJobRow | null> {
  return await db.maybeOne(prepared('acquireProvisionerJob', acquireProvisionerJobRow)`
    update daybreak.provisioner_jobs set started_at = clock_timestamp(), updated_at = clock_timestamp(),
        worker_id = ${params.workerId},
      attempt = attempt + 1
    where id = (
      select id from daybreak.provisioner_jobs
      where started_at is null and completed_at is null and canceled_at is null
        and provisioner = ${params.provisioner} and tags <@ ${json(params.tags)}::jsonb
        and (attempt < 2 or updated_at < clock_timestamp() - make_interval(secs => power(4, attempt - 1) - 1))
      order by priority, created_at, id
      limit 1
      for update skip locked)
    returning id, type, organization_id, file_id, workspace_id, attempt`)
}

const heartbeatProvisionerJobRow = z.object({ canceledAt: z.date().nullable() })
export type HeartbeatProvisionerJobRow = z.infer<typeof heartbeatProvisionerJobRow>

/** No row: the job was given to somebody else or ended; `canceled_at` asks this worker to stop. */
export async function heartbeatProvisionerJob(db: CommonQueryMethods, params: { id: string; workerId: string; attempt: number }): Promise<HeartbeatProvisionerJobRow | null> {
  return await db.maybeOne(sql.type(heartbeatProvisionerJobRow)`
    update daybreak.provisioner_jobs set updated_at = clock_timestamp()
    where id = ${params.id} and worker_id = ${params.workerId} and attempt = ${params.attempt} and completed_at is null
    returning canceled_at`)
}

const completeProvisionerJobRow = z.object({ id: z.guid() })
export type CompleteProvisionerJobRow = z.infer<typeof completeProvisionerJobRow>

/** The fence: only the worker that holds this attempt may end the job. A cancellation that came too late is forgotten. */
export async function completeProvisionerJob(db: CommonQueryMethods, params: { error: string; errorCode: string; id: string; workerId: string; attempt: number }): Promise<CompleteProvisionerJobRow | null> {
  return await db.maybeOne(sql.type(completeProvisionerJobRow)`
    update daybreak.provisioner_jobs set completed_at = clock_timestamp(), updated_at = clock_timestamp(),
      error = ${params.error}::text, error_code = ${params.errorCode}::text,
      canceled_at = case when ${params.error}::text <> '' or ${params.errorCode}::text <> '' then canceled_at end
    where id = ${params.id} and worker_id = ${params.workerId} and attempt = ${params.attempt} and completed_at is null
    returning id`)
}

const findProvisionerJobRow = z.object({ id: z.guid(), createdAt: z.date(), startedAt: z.date().nullable(), completedAt: z.date().nullable(), canceledAt: z.date().nullable(), error: z.string(), errorCode: z.string(), jobStatus: z.string(), workerId: z.guid().nullable(), fileId: z.guid().nullable(), tags: z.unknown(), organizationId: z.guid(), initiatorId: z.guid(), type: z.string(), provisioner: z.string(), workspaceId: z.guid().nullable(), logsOverflowed: z.boolean() })
export type FindProvisionerJobRow = z.infer<typeof findProvisionerJobRow>

export async function findProvisionerJob(db: CommonQueryMethods, params: { id: string }): Promise<FindProvisionerJobRow | null> {
  return await db.maybeOne(sql.type(findProvisionerJobRow)`
    select id, created_at, started_at, completed_at, canceled_at, error, error_code, job_status, worker_id, file_id, tags,
        organization_id,
      initiator_id, type, provisioner, workspace_id, logs_overflowed
    from daybreak.provisioner_jobs where id = ${params.id}`)
}

const listProvisionerJobsRow = z.object({ id: z.guid(), createdAt: z.date(), startedAt: z.date().nullable(), completedAt: z.date().nullable(), canceledAt: z.date().nullable(), error: z.string(), errorCode: z.string(), jobStatus: z.string(), workerId: z.guid().nullable(), fileId: z.guid().nullable(), tags: z.unknown(), organizationId: z.guid(), initiatorId: z.guid(), type: z.string(), provisioner: z.string(), workspaceId: z.guid().nullable(), logsOverflowed: z.boolean() })
export type ListProvisionerJobsRow = z.infer<typeof listProvisionerJobsRow>

export async function listProvisionerJobs(db: CommonQueryMethods, params: { ids: readonly string[] }): Promise<readonly ListProvisionerJobsRow[]> {
  return await db.any(sql.type(listProvisionerJobsRow)`
    select id, created_at, started_at, completed_at, canceled_at, error, error_code, job_status, worker_id, file_id, tags,
        organization_id,
      initiator_id, type, provisioner, workspace_id, logs_overflowed
    from daybreak.provisioner_jobs where id = any(${array(params.ids, 'uuid')})`)
}

const cancelProvisionerJobRow = z.object({ id: z.guid(), completedAt: z.date().nullable(), attempt: z.int() })
export type CancelProvisionerJobRow = z.infer<typeof cancelProvisionerJobRow>

/** A pending job ends at once; a running one is asked to, and its worker ends it. `attempt` says how often it was begun. */
export async function cancelProvisionerJob(db: CommonQueryMethods, params: { id: string }): Promise<CancelProvisionerJobRow | null> {
  return await db.maybeOne(sql.type(cancelProvisionerJobRow)`
    update daybreak.provisioner_jobs set canceled_at = clock_timestamp(), updated_at = clock_timestamp(),
      completed_at = case when started_at is null then clock_timestamp() end
    where id = ${params.id} and completed_at is null and canceled_at is null
    returning id, completed_at, attempt`)
}

const cancelPendingJobRow = z.object({ id: z.guid() })
export type CancelPendingJobRow = z.infer<typeof cancelPendingJobRow>

/** Only one that no worker ever had: of others something may exist on a host. */
export async function cancelPendingJob(db: CommonQueryMethods, params: { id: string }): Promise<CancelPendingJobRow | null> {
  return await db.maybeOne(sql.type(cancelPendingJobRow)`
    update daybreak.provisioner_jobs set canceled_at = clock_timestamp(), updated_at = clock_timestamp(),
        completed_at = clock_timestamp()
    where id = ${params.id} and started_at is null and completed_at is null and attempt = 0
    returning id`)
}

const releaseProvisionerJobRow = z.object({ id: z.guid() })
export type ReleaseProvisionerJobRow = z.infer<typeof releaseProvisionerJobRow>

/** Has it wait again: its worker lives, but could not run it. */
export async function releaseProvisionerJob(db: CommonQueryMethods, params: { id: string; workerId: string; attempt: number }): Promise<ReleaseProvisionerJobRow | null> {
  return await db.maybeOne(sql.type(releaseProvisionerJobRow)`
    update daybreak.provisioner_jobs set started_at = null, worker_id = null, updated_at = clock_timestamp()
    where id = ${params.id} and worker_id = ${params.workerId} and attempt = ${params.attempt} and completed_at is null
    returning id`)
}

const listHungProvisionerJobsRow = z.object({ id: z.guid(), workspaceId: z.guid().nullable(), attempt: z.int(), tags: z.unknown(), reason: z.string() })
export type ListHungProvisionerJobsRow = z.infer<typeof listHungProvisionerJobsRow>

/** What its worker forgot, what no worker took, and what was cancelled and lost its worker or goes on regardless; the caller ends each one, if it has not ended by then. */
export async function listHungProvisionerJobs(db: CommonQueryMethods, params: { hungSeconds: number; pendingSeconds: number; limit: number }): Promise<readonly ListHungProvisionerJobsRow[]> {
  return await db.any(sql.type(listHungProvisionerJobsRow)`
    select id, workspace_id, attempt, tags, case when started_at is not null then 'hung'
      when canceled_at is not null then 'canceled' else 'pending' end as reason
    from daybreak.provisioner_jobs
    where completed_at is null and (started_at is null and canceled_at is not null
      or canceled_at < clock_timestamp() - make_interval(secs => ${params.hungSeconds})
      or updated_at < clock_timestamp() - case when started_at is null
        then make_interval(secs => ${params.pendingSeconds}) else make_interval(secs => ${params.hungSeconds}) end)
    order by updated_at
    limit ${params.limit}`)
}

export async function endProvisionerJob(db: CommonQueryMethods, params: { error: string; errorCode: string; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.provisioner_jobs set completed_at = clock_timestamp(), updated_at = clock_timestamp(),
        started_at = coalesce(started_at, clock_timestamp()),
      error = ${params.error}, error_code = ${params.errorCode}
    where id = ${params.id} and completed_at is null`)
  return rowCount
}

const requeueJobsOfDeadWorkersRow = z.object({ id: z.guid(), provisioner: z.string(), tags: z.unknown() })
export type RequeueJobsOfDeadWorkersRow = z.infer<typeof requeueJobsOfDeadWorkersRow>

/** Resumable drivers only: their provision repeats without harm. A worker is dead when its row is gone, or stale, or belongs to an earlier process of this host. */
export async function requeueJobsOfDeadWorkers(db: CommonQueryMethods, params: { processId: string; staleSeconds: number; host: string | null }): Promise<readonly RequeueJobsOfDeadWorkersRow[]> {
  return await db.any(sql.type(requeueJobsOfDeadWorkersRow)`
    update daybreak.provisioner_jobs j set started_at = null, worker_id = null, updated_at = clock_timestamp()
    where j.completed_at is null and j.started_at is not null and j.provisioner in ('process', 'docker')
        and j.worker_id <> ${params.processId}::uuid
      and not exists (select from daybreak.provisioner_daemons d
        where d.id = j.worker_id and d.last_seen_at > clock_timestamp() - make_interval(secs => ${params.staleSeconds})
          and (${params.host}::text is null or d.tags ->> 'host' is distinct from ${params.host}::text))
    returning j.id, j.provisioner, j.tags`)
}

export async function insertJobLogs(db: CommonQueryMethods, params: { jobId: string; lines: Json }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.provisioner_job_logs (job_id, created_at, source, level, stage, output)
    select ${params.jobId}, l.created_at, l.source, l.level, l.stage, l.output
    from jsonb_to_recordset(${json(params.lines)}::jsonb) as l (created_at timestamptz, source text, level text, stage text, output text)`)
  return rowCount
}

const listJobLogsRow = z.object({ id: z.int(), createdAt: z.date(), source: z.string(), level: z.string(), stage: z.string(), output: z.string() })
export type ListJobLogsRow = z.infer<typeof listJobLogsRow>

export async function listJobLogs(db: CommonQueryMethods, params: { jobId: string; after: number; limit: number }): Promise<readonly ListJobLogsRow[]> {
  return await db.any(sql.type(listJobLogsRow)`
    select id, created_at, source, level, stage, output
    from daybreak.provisioner_job_logs where job_id = ${params.jobId} and id > ${params.after}
    order by id
    limit ${params.limit}`)
}

export async function upsertDaemon(db: CommonQueryMethods, params: { id: string; name: string; host: string; provisioners: readonly string[]; tags: Json; version: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.provisioner_daemons (id, name, host, provisioners, tags, version)
    values (${params.id}, ${params.name}, ${params.host}, ${array(params.provisioners, 'text')}, ${json(params.tags)}, ${params.version})
    on conflict (id) do update set last_seen_at = clock_timestamp()`)
  return rowCount
}

export async function deleteDaemon(db: CommonQueryMethods, params: { id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.provisioner_daemons where id = ${params.id}`)
  return rowCount
}

export async function deleteStaleDaemons(db: CommonQueryMethods, params: { processId: string; staleSeconds: number; host: string | null }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.provisioner_daemons
    where id <> ${params.processId}::uuid
      and (last_seen_at < clock_timestamp() - make_interval(secs => ${params.staleSeconds}) or tags ->> 'host' = ${params.host}::text)`)
  return rowCount
}
