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
      insert into daybreak.workspace_builds (workspace_id, build_number, transition, reason, stage, initiator_id, job_id,
          resources_job_id,
        template_version_id, preset_id)
      select ${params.workspaceId}::uuid, coalesce((select b.build_number from daybreak.workspaces w join daybreak.workspace_builds b
          on b.id = w.latest_build_id
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
    select b.id, b.build_number, b.transition, b.stage, b.workspace_id, b.preset_id, b.template_version_id, v.manifest,
        w.name as workspace_name,
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
    select id from daybreak.workspace_builds where workspace_id = ${params.workspaceId}
        order by build_number desc limit ${params.limit} offset ${params.offset}`)
}

const readBuildsRow = z.object({ id: z.guid(), createdAt: z.date(), updatedAt: z.date(), workspaceId: z.guid(), templateVersionId: z.guid(), templateVersionName: z.string(), buildNumber: z.int(), transition: z.string(), reason: z.string(), stage: z.string(), initiatorId: z.guid(), initiatorName: z.string(), jobId: z.guid(), presetId: z.guid().nullable(), deadline: z.date().nullable(), maxDeadline: z.date().nullable(), dailyCost: z.int(), jobStatus: z.string(), jobCreatedAt: z.date(), startedAt: z.date().nullable(), completedAt: z.date().nullable(), canceledAt: z.date().nullable(), error: z.string(), errorCode: z.string(), workerId: z.guid().nullable(), tags: z.unknown(), jobType: z.string(), logsOverflowed: z.boolean(), workspaceName: z.string(), workspaceOwnerId: z.guid(), workspaceOwnerName: z.string(), organizationId: z.guid(), templateId: z.guid(), workspaceCreatedAt: z.date(), workspaceUpdatedAt: z.date(), workspaceDeletedAt: z.date().nullable(), autostartSchedule: z.string().nullable(), ttlSeconds: z.int().nullable(), nextStartAt: z.date().nullable(), lastUsedAt: z.date(), dormantAt: z.date().nullable(), deletingAt: z.date().nullable(), automaticUpdates: z.string(), latestBuildId: z.guid().nullable(), organizationName: z.string(), templateName: z.string(), templateDisplayName: z.string(), templateIcon: z.string(), templateActiveVersionId: z.guid(), templateRequireActiveVersion: z.boolean(), resources: z.unknown(), agents: z.unknown() })
export type ReadBuildsRow = z.infer<typeof readBuildsRow>

/** Builds as the wire shows them. */
export async function readBuilds(db: CommonQueryMethods, params: { ids: readonly string[] }): Promise<readonly ReadBuildsRow[]> {
  return await db.any(prepared('readBuilds', readBuildsRow)`
    select * from daybreak.wire_builds where id = any(${array(params.ids, 'uuid')})`)
}

const readLatestBuildsRow = z.object({ id: z.guid(), createdAt: z.date(), updatedAt: z.date(), workspaceId: z.guid(), templateVersionId: z.guid(), templateVersionName: z.string(), buildNumber: z.int(), transition: z.string(), reason: z.string(), stage: z.string(), initiatorId: z.guid(), initiatorName: z.string(), jobId: z.guid(), presetId: z.guid().nullable(), deadline: z.date().nullable(), maxDeadline: z.date().nullable(), dailyCost: z.int(), jobStatus: z.string(), jobCreatedAt: z.date(), startedAt: z.date().nullable(), completedAt: z.date().nullable(), canceledAt: z.date().nullable(), error: z.string(), errorCode: z.string(), workerId: z.guid().nullable(), tags: z.unknown(), jobType: z.string(), logsOverflowed: z.boolean(), workspaceName: z.string(), workspaceOwnerId: z.guid(), workspaceOwnerName: z.string(), organizationId: z.guid(), templateId: z.guid(), workspaceCreatedAt: z.date(), workspaceUpdatedAt: z.date(), workspaceDeletedAt: z.date().nullable(), autostartSchedule: z.string().nullable(), ttlSeconds: z.int().nullable(), nextStartAt: z.date().nullable(), lastUsedAt: z.date(), dormantAt: z.date().nullable(), deletingAt: z.date().nullable(), automaticUpdates: z.string(), latestBuildId: z.guid().nullable(), organizationName: z.string(), templateName: z.string(), templateDisplayName: z.string(), templateIcon: z.string(), templateActiveVersionId: z.guid(), templateRequireActiveVersion: z.boolean(), resources: z.unknown(), agents: z.unknown() })
export type ReadLatestBuildsRow = z.infer<typeof readLatestBuildsRow>

/** The latest build of each workspace: with it everything that the wire shows of the workspace. */
export async function readLatestBuilds(db: CommonQueryMethods, params: { workspaceIds: readonly string[] }): Promise<readonly ReadLatestBuildsRow[]> {
  return await db.any(prepared('readLatestBuilds', readLatestBuildsRow)`
    select * from daybreak.wire_builds where id = any(array(
      select x.latest_build_id from daybreak.workspaces x where x.id = any(${array(params.workspaceIds, 'uuid')})))`)
}

const readLatestBuildRow = z.object({ id: z.guid(), createdAt: z.date(), updatedAt: z.date(), workspaceId: z.guid(), templateVersionId: z.guid(), templateVersionName: z.string(), buildNumber: z.int(), transition: z.string(), reason: z.string(), stage: z.string(), initiatorId: z.guid(), initiatorName: z.string(), jobId: z.guid(), presetId: z.guid().nullable(), deadline: z.date().nullable(), maxDeadline: z.date().nullable(), dailyCost: z.int(), jobStatus: z.string(), jobCreatedAt: z.date(), startedAt: z.date().nullable(), completedAt: z.date().nullable(), canceledAt: z.date().nullable(), error: z.string(), errorCode: z.string(), workerId: z.guid().nullable(), tags: z.unknown(), jobType: z.string(), logsOverflowed: z.boolean(), workspaceName: z.string(), workspaceOwnerId: z.guid(), workspaceOwnerName: z.string(), organizationId: z.guid(), templateId: z.guid(), workspaceCreatedAt: z.date(), workspaceUpdatedAt: z.date(), workspaceDeletedAt: z.date().nullable(), autostartSchedule: z.string().nullable(), ttlSeconds: z.int().nullable(), nextStartAt: z.date().nullable(), lastUsedAt: z.date(), dormantAt: z.date().nullable(), deletingAt: z.date().nullable(), automaticUpdates: z.string(), latestBuildId: z.guid().nullable(), organizationName: z.string(), templateName: z.string(), templateDisplayName: z.string(), templateIcon: z.string(), templateActiveVersionId: z.guid(), templateRequireActiveVersion: z.boolean(), resources: z.unknown(), agents: z.unknown() })
export type ReadLatestBuildRow = z.infer<typeof readLatestBuildRow>

/** The same of one workspace: of a single key PostgreSQL plans once for all, of an array each time, eight joins deep. */
export async function readLatestBuild(db: CommonQueryMethods, params: { workspaceId: string }): Promise<ReadLatestBuildRow | null> {
  return await db.maybeOne(prepared('readLatestBuild', readLatestBuildRow)`
    select * from daybreak.wire_builds where id = (
      select x.latest_build_id from daybreak.workspaces x where x.id = ${params.workspaceId})`)
}

const findBuildRow = z.object({ id: z.guid(), workspaceId: z.guid(), jobId: z.guid(), buildNumber: z.int() })
export type FindBuildRow = z.infer<typeof findBuildRow>

export async function findBuild(db: CommonQueryMethods, params: { id: string }): Promise<FindBuildRow | null> {
  return await db.maybeOne(sql.type(findBuildRow)`
    select id, workspace_id, job_id, build_number from daybreak.workspace_builds where id = ${params.id}`)
}

const insertResourceRow = z.object({ id: z.guid() })
export type InsertResourceRow = z.infer<typeof insertResourceRow>

export async function insertResource(db: CommonQueryMethods, params: { jobId: string; type: string; name: string }): Promise<InsertResourceRow> {
  return await db.one(sql.type(insertResourceRow)`
    insert into daybreak.workspace_resources (job_id, transition, type, name) values (${params.jobId}, 'start', ${params.type}, ${params.name})
        returning id`)
}
