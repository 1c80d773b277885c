// Generated from workspaces.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, prepared } from './values.ts'

const insertWorkspaceRow = z.object({ id: z.guid() })
export type InsertWorkspaceRow = z.infer<typeof insertWorkspaceRow>

export async function insertWorkspace(db: CommonQueryMethods, params: { id: string | null; ownerId: string; organizationId: string; templateId: string; name: string; bornAsPrebuild: boolean }): Promise<InsertWorkspaceRow> {
  return await db.one(sql.type(insertWorkspaceRow)`
    insert into daybreak.workspaces (id, owner_id, organization_id, template_id, name, born_as_prebuild)
    values (coalesce(${params.id}::uuid, uuidv7()), ${params.ownerId}, ${params.organizationId}, ${params.templateId}, ${params.name}, ${params.bornAsPrebuild})
    returning id`)
}

const lockWorkspaceRow = z.object({ id: z.guid(), ownerId: z.guid(), organizationId: z.guid(), templateId: z.guid(), name: z.string(), host: z.string().nullable(), deletedAt: z.date().nullable(), buildId: z.guid(), buildNumber: z.int(), buildTransition: z.string(), templateVersionId: z.guid(), presetId: z.guid().nullable(), jobStatus: z.string(), jobId: z.guid(), provisioner: z.string() })
export type LockWorkspaceRow = z.infer<typeof lockWorkspaceRow>

export async function lockWorkspace(db: CommonQueryMethods, params: { id: string }): Promise<LockWorkspaceRow | null> {
  return await db.maybeOne(sql.type(lockWorkspaceRow)`
    select w.id, w.owner_id, w.organization_id, w.template_id, w.name, w.host, w.deleted_at, b.id as build_id,
        b.build_number,
      b.transition as build_transition, b.template_version_id, b.preset_id, j.job_status, j.id as job_id, t.provisioner
    from daybreak.workspaces w
    join daybreak.workspace_builds b on b.id = w.latest_build_id
    join daybreak.provisioner_jobs j on j.id = b.job_id
    join daybreak.templates t on t.id = w.template_id
    where w.id = ${params.id}
    for no key update of w`)
}

const findWorkspaceIdByNameRow = z.object({ id: z.guid() })
export type FindWorkspaceIdByNameRow = z.infer<typeof findWorkspaceIdByNameRow>

export async function findWorkspaceIdByName(db: CommonQueryMethods, params: { ownerId: string; name: string }): Promise<FindWorkspaceIdByNameRow | null> {
  return await db.maybeOne(sql.type(findWorkspaceIdByNameRow)`
    select id from daybreak.workspaces where owner_id = ${params.ownerId} and lower(name) = lower(${params.name}) and deleted_at is null`)
}

const listWorkspaceIdsRow = z.object({ id: z.guid() })
export type ListWorkspaceIdsRow = z.infer<typeof listWorkspaceIdsRow>

/** Newest first. A null filter lets all pass; of other people's, those in `organizationIds` (null: in all). Without an owner the prebuilds are left out. */
export async function listWorkspaceIds(db: CommonQueryMethods, params: { ownerId: string | null; readerId: string; organizationIds: readonly string[] | null; name: string | null; templateName: string | null; limit: number; offset: number }): Promise<readonly ListWorkspaceIdsRow[]> {
  return await db.any(sql.type(listWorkspaceIdsRow)`
    select w.id
    from daybreak.workspaces w
    where w.deleted_at is null
      and case when ${params.ownerId}::uuid is null then w.owner_id <> daybreak.system_user_id()
        else w.owner_id = ${params.ownerId}::uuid end
      and (w.owner_id = ${params.readerId}::uuid or ${array(params.organizationIds, 'uuid')}::uuid[] is null
        or w.organization_id = any(${array(params.organizationIds, 'uuid')}::uuid[]))
      and (${params.name}::text is null or lower(w.name) like '%' || lower(${params.name}::text) || '%')
      and (${params.templateName}::text is null
        or w.template_id in (select t.id from daybreak.templates t where lower(t.name) = lower(${params.templateName}::text)))
    order by w.created_at desc, w.id
    limit ${params.limit} offset ${params.offset}`)
}

const countWorkspacesRow = z.object({ workspaces: z.int() })
export type CountWorkspacesRow = z.infer<typeof countWorkspacesRow>

export async function countWorkspaces(db: CommonQueryMethods, params: { ownerId: string | null; readerId: string; organizationIds: readonly string[] | null; name: string | null; templateName: string | null }): Promise<CountWorkspacesRow> {
  return await db.one(sql.type(countWorkspacesRow)`
    select count(*)::integer as workspaces
    from daybreak.workspaces w
    where w.deleted_at is null
      and case when ${params.ownerId}::uuid is null then w.owner_id <> daybreak.system_user_id()
        else w.owner_id = ${params.ownerId}::uuid end
      and (w.owner_id = ${params.readerId}::uuid or ${array(params.organizationIds, 'uuid')}::uuid[] is null
        or w.organization_id = any(${array(params.organizationIds, 'uuid')}::uuid[]))
      and (${params.name}::text is null or lower(w.name) like '%' || lower(${params.name}::text) || '%')
      and (${params.templateName}::text is null
        or w.template_id in (select t.id from daybreak.templates t where lower(t.name) = lower(${params.templateName}::text)))`)
}

const findWorkspaceRow = z.object({ id: z.guid(), ownerId: z.guid(), organizationId: z.guid(), deletedAt: z.date().nullable(), templateActiveVersionId: z.guid() })
export type FindWorkspaceRow = z.infer<typeof findWorkspaceRow>

/** Whose it is, deleted or not. */
export async function findWorkspace(db: CommonQueryMethods, params: { id: string }): Promise<FindWorkspaceRow | null> {
  return await db.maybeOne(prepared('findWorkspace', findWorkspaceRow)`
    select w.id, w.owner_id, w.organization_id, w.deleted_at, t.active_version_id as template_active_version_id
    from daybreak.workspaces w join daybreak.templates t on t.id = w.template_id
    where w.id = ${params.id}`)
}

export async function setWorkspaceHost(db: CommonQueryMethods, params: { host: string; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.workspaces set host = ${params.host}, updated_at = clock_timestamp() where id = ${params.id} and host is distinct
        from ${params.host}`)
  return rowCount
}

export async function markWorkspaceDeleted(db: CommonQueryMethods, params: { id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.workspaces set deleted_at = clock_timestamp(), updated_at = clock_timestamp() where id = ${params.id}
        and deleted_at is null`)
  return rowCount
}

/** Wakes the watchers of a workspace, wherever they are connected. */
export async function notifyWorkspace(db: CommonQueryMethods, params: { id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    select pg_notify('daybreak_workspace', ${params.id}::text)`)
  return rowCount
}
