// Generated from workspace_builds.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, json, prepared, type Json } from './values.ts'

const insertBuildRow = z.object({ id: z.guid(), jobId: z.guid(), buildNumber: z.int() })
export type InsertBuildRow = z.infer<typeof insertBuildRow>

/** A build with its job, as the latest of its workspace, whose row the caller has locked or just made. */
export async function insertBuild(db: CommonQueryMethods, params: { organizationId: string; initiatorId: string; provisioner: string; workspaceId: string; priority: number; host: string | null; transition: string; reason: string; stage: string; templateVersionId: string; presetId: string | null }): Promise<InsertBuildRow> {
  return await db.one(sql.type(insertBuildRow)`
    with job as (
      insert into daybreak.provisioner_jobs (organization_id, initiator_id, provisioner, type, workspace_id, priority, tags)
      values (${params.organizationId}, ${params.initiatorId}::uuid, ${params.provisioner}, 'workspace_build', ${params.workspaceId}::uuid, ${params.priority},
        jsonb_strip_nulls(jsonb_build_object('scope', 'organization', 'owner', '', 'host', ${params.host}::text)))
      returning id),
    build as (
      insert into daybreak.workspace_builds (workspace_id, build_number, transition, reason, stage, initiator_id, job_id, resources_job_id,
        template_version_id, preset_id)
      select ${params.workspaceId}::uuid, coalesce((select b.build_number from daybreak.workspaces w join daybreak.workspace_builds b on b.id = w.latest_build_id
          where w.id = ${params.workspaceId}::uuid), 0) + 1,
        ${params.transition}, ${params.reason}, ${params.stage}, ${params.initiatorId}::uuid, job.id, job.id, ${params.templateVersionId}, ${params.presetId}::uuid
      from job
      returning id, job_id, build_number),
    latest as (
      update daybreak.workspaces w set latest_build_id = build.id, updated_at = clock_timestamp()
      from build where w.id = ${params.workspaceId}::uuid)
    select id, job_id, build_number from build`)
}

export async function insertBuildParameters(db: CommonQueryMethods, params: { buildId: string; parameters: Json }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.workspace_build_parameters (build_id, name, value)
    select ${params.buildId}, p.key, p.value from jsonb_each_text(${json(params.parameters)}::jsonb) as p`)
  return rowCount
}

/** What the workspace had before, for a build that does not change it. */
export async function copyBuildParameters(db: CommonQueryMethods, params: { buildId: string; fromBuildId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.workspace_build_parameters (build_id, name, value)
    select ${params.buildId}, name, value from daybreak.workspace_build_parameters where build_id = ${params.fromBuildId}`)
  return rowCount
}

const listBuildParametersRow = z.object({ name: z.string(), value: z.string() })
export type ListBuildParametersRow = z.infer<typeof listBuildParametersRow>

export async function listBuildParameters(db: CommonQueryMethods, params: { buildId: string }): Promise<readonly ListBuildParametersRow[]> {
  return await db.any(sql.type(listBuildParametersRow)`
    select name, value from daybreak.workspace_build_parameters where build_id = ${params.buildId} order by name`)
}

const findBuildForProvisionRow = z.object({ id: z.guid(), buildNumber: z.int(), transition: z.string(), stage: z.string(), workspaceId: z.guid(), presetId: z.guid().nullable(), templateVersionId: z.guid(), manifest: z.unknown().nullable(), workspaceName: z.string(), ownerId: z.guid(), ownerName: z.string(), organizationId: z.guid(), templateId: z.guid(), host: z.string().nullable() })
export type FindBuildForProvisionRow = z.infer<typeof findBuildForProvisionRow>

/** What a driver needs of a build, by its job. */
export async function findBuildForProvision(db: CommonQueryMethods, params: { jobId: string }): Promise<FindBuildForProvisionRow | null> {
  return await db.maybeOne(sql.type(findBuildForProvisionRow)`
    select b.id, b.build_number, b.transition, b.stage, b.workspace_id, b.preset_id, b.template_version_id, v.manifest, w.name as workspace_name,
      w.owner_id, u.username as owner_name, w.organization_id, w.template_id, w.host
    from daybreak.workspace_builds b
    join daybreak.workspaces w on w.id = b.workspace_id
    join daybreak.users u on u.id = w.owner_id
    join daybreak.template_versions v on v.id = b.template_version_id
    where b.job_id = ${params.jobId}`)
}

const listBuildIdsRow = z.object({ id: z.guid() })
export type ListBuildIdsRow = z.infer<typeof listBuildIdsRow>

export async function listBuildIds(db: CommonQueryMethods, params: { workspaceId: string; limit: number; offset: number }): Promise<readonly ListBuildIdsRow[]> {
  return await db.any(sql.type(listBuildIdsRow)`
    select id from daybreak.workspace_builds where workspace_id = ${params.workspaceId} order by build_number desc limit ${params.limit} offset ${params.offset}`)
}

const findBuildIdByNumberRow = z.object({ id: z.guid() })
export type FindBuildIdByNumberRow = z.infer<typeof findBuildIdByNumberRow>

export async function findBuildIdByNumber(db: CommonQueryMethods, params: { workspaceId: string; buildNumber: number }): Promise<FindBuildIdByNumberRow | null> {
  return await db.maybeOne(sql.type(findBuildIdByNumberRow)`
    select id from daybreak.workspace_builds where workspace_id = ${params.workspaceId} and build_number = ${params.buildNumber}`)
}

const readBuildsRow = z.object({ id: z.guid(), createdAt: z.date(), updatedAt: z.date(), workspaceId: z.guid(), workspaceName: z.string(), workspaceOwnerId: z.guid(), workspaceOwnerName: z.string(), templateVersionId: z.guid(), templateVersionName: z.string(), buildNumber: z.int(), transition: z.string(), reason: z.string(), stage: z.string(), initiatorId: z.guid(), initiatorName: z.string(), jobId: z.guid(), resourcesJobId: z.guid(), presetId: z.guid().nullable(), deadline: z.date().nullable(), maxDeadline: z.date().nullable(), dailyCost: z.int(), jobStatus: z.string(), jobCreatedAt: z.date(), startedAt: z.date().nullable(), completedAt: z.date().nullable(), canceledAt: z.date().nullable(), error: z.string(), errorCode: z.string(), workerId: z.guid().nullable(), tags: z.unknown(), jobType: z.string(), provisioner: z.string(), logsOverflowed: z.boolean(), organizationId: z.guid(), templateId: z.guid(), templateName: z.string(), templateDisplayName: z.string(), templateIcon: z.string() })
export type ReadBuildsRow = z.infer<typeof readBuildsRow>

export async function readBuilds(db: CommonQueryMethods, params: { ids: readonly string[] }): Promise<readonly ReadBuildsRow[]> {
  return await db.any(prepared('readBuilds', readBuildsRow)`
    select b.id, b.created_at, b.updated_at, b.workspace_id, w.name as workspace_name, w.owner_id as workspace_owner_id,
      o.username as workspace_owner_name, b.template_version_id, v.name as template_version_name, b.build_number, b.transition, b.reason, b.stage,
      b.initiator_id, i.username as initiator_name, b.job_id, b.resources_job_id, b.preset_id, b.deadline, b.max_deadline, b.daily_cost,
      j.job_status, j.created_at as job_created_at, j.started_at, j.completed_at, j.canceled_at, j.error, j.error_code, j.worker_id, j.tags,
      j.type as job_type, j.provisioner, j.logs_overflowed, w.organization_id, w.template_id, t.name as template_name,
      t.display_name as template_display_name, t.icon as template_icon
    from daybreak.workspace_builds b
    join daybreak.workspaces w on w.id = b.workspace_id
    join daybreak.users o on o.id = w.owner_id
    join daybreak.template_versions v on v.id = b.template_version_id
    join daybreak.templates t on t.id = w.template_id
    join daybreak.provisioner_jobs j on j.id = b.job_id
    join daybreak.users i on i.id = b.initiator_id
    where b.id = any(${array(params.ids, 'uuid')})`)
}

const listBuildPartsRow = z.object({ id: z.guid(), resources: z.unknown(), agents: z.unknown() })
export type ListBuildPartsRow = z.infer<typeof listBuildPartsRow>

/** The resources of builds, and their live agents with scripts, in the wire's words: one statement for any number of builds. */
export async function listBuildParts(db: CommonQueryMethods, params: { ids: readonly string[] }): Promise<readonly ListBuildPartsRow[]> {
  return await db.any(prepared('listBuildParts', listBuildPartsRow)`
    select b.id,
      (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'created_at', r.created_at, 'job_id', r.job_id,
          'workspace_transition', r.transition, 'type', r.type, 'name', r.name, 'hide', r.hide, 'icon', r.icon, 'daily_cost', r.daily_cost)
          order by r.id), '[]')
        from daybreak.workspace_resources r where r.job_id = b.resources_job_id) as resources,
      (select coalesce(jsonb_agg(to_jsonb(a) - 'token_hash' - 'token_sealed' || jsonb_build_object(
          'overdue', a.created_at + make_interval(secs => a.connection_timeout_seconds) < clock_timestamp(),
          'scripts', (select coalesce(jsonb_agg(to_jsonb(s) order by s.position), '[]')
            from daybreak.workspace_agent_scripts s where s.agent_id = a.definition_id)) order by a.name), '[]')
        from daybreak.workspace_agents a where a.workspace_id = b.workspace_id and a.build_id = b.id and a.deleted_at is null) as agents
    from daybreak.workspace_builds b
    where b.id = any(${array(params.ids, 'uuid')})`)
}

const insertResourceRow = z.object({ id: z.guid() })
export type InsertResourceRow = z.infer<typeof insertResourceRow>

export async function insertResource(db: CommonQueryMethods, params: { jobId: string; type: string; name: string }): Promise<InsertResourceRow> {
  return await db.one(sql.type(insertResourceRow)`
    insert into daybreak.workspace_resources (job_id, transition, type, name) values (${params.jobId}, 'start', ${params.type}, ${params.name}) returning id`)
}
