// Generated from templates.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { json, type Json } from './values.ts'

const insertTemplateRow = z.object({ id: z.guid() })
export type InsertTemplateRow = z.infer<typeof insertTemplateRow>

export async function insertTemplate(db: CommonQueryMethods, params: { organizationId: string; name: string; displayName: string; description: string; icon: string; provisioner: string; activeVersionId: string; createdBy: string }): Promise<InsertTemplateRow> {
  return await db.one(sql.type(insertTemplateRow)`
    insert into daybreak.templates (organization_id, name, display_name, description, icon, provisioner, active_version_id,
        created_by)
    values (${params.organizationId}, ${params.name}, ${params.displayName}, ${params.description}, ${params.icon}, ${params.provisioner}, ${params.activeVersionId}, ${params.createdBy})
    returning id`)
}

const findTemplateRow = z.object({ id: z.guid(), organizationId: z.guid(), organizationName: z.string(), organizationDisplayName: z.string(), organizationIcon: z.string(), name: z.string(), displayName: z.string(), description: z.string(), icon: z.string(), provisioner: z.string(), activeVersionId: z.guid(), requireActiveVersion: z.boolean(), deprecated: z.string(), defaultTtlSeconds: z.int().nullable(), createdBy: z.guid(), createdByName: z.string(), createdAt: z.date(), updatedAt: z.date(), deletedAt: z.date().nullable(), userAcl: z.unknown().nullable(), groupAcl: z.unknown().nullable() })
export type FindTemplateRow = z.infer<typeof findTemplateRow>

/** By id, or by name within an organization. */
export async function findTemplate(db: CommonQueryMethods, params: { id: string | null; organizationId: string | null; name: string | null }): Promise<FindTemplateRow | null> {
  return await db.maybeOne(sql.type(findTemplateRow)`
    select t.id, t.organization_id, o.name as organization_name, o.display_name as organization_display_name, o.icon
        as organization_icon,
      t.name, t.display_name, t.description, t.icon, t.provisioner, t.active_version_id, t.require_active_version,
          t.deprecated,
      t.default_ttl_seconds, t.created_by, u.username as created_by_name, t.created_at, t.updated_at, t.deleted_at,
      (select jsonb_object_agg(x.user_id, x.actions) from daybreak.template_acl x
        where x.template_id = t.id and x.user_id is not null) as user_acl,
      (select jsonb_object_agg(x.group_id, x.actions) from daybreak.template_acl x
        where x.template_id = t.id and x.group_id is not null) as group_acl
    from daybreak.templates t
    join daybreak.organizations o on o.id = t.organization_id
    join daybreak.users u on u.id = t.created_by
    where case when ${params.id}::uuid is not null then t.id = ${params.id}::uuid
      else t.organization_id = ${params.organizationId}::uuid and lower(t.name) = lower(${params.name}::text) and t.deleted_at is null end`)
}

const listTemplatesRow = z.object({ id: z.guid(), organizationId: z.guid(), organizationName: z.string(), organizationDisplayName: z.string(), organizationIcon: z.string(), name: z.string(), displayName: z.string(), description: z.string(), icon: z.string(), provisioner: z.string(), activeVersionId: z.guid(), requireActiveVersion: z.boolean(), deprecated: z.string(), defaultTtlSeconds: z.int().nullable(), createdBy: z.guid(), createdByName: z.string(), createdAt: z.date(), updatedAt: z.date(), deletedAt: z.date().nullable(), userAcl: z.unknown().nullable(), groupAcl: z.unknown().nullable() })
export type ListTemplatesRow = z.infer<typeof listTemplatesRow>

/** Live templates, by name; the caller leaves out those that its asker may not read. */
export async function listTemplates(db: CommonQueryMethods, params: { organizationId: string | null; limit: number }): Promise<readonly ListTemplatesRow[]> {
  return await db.any(sql.type(listTemplatesRow)`
    select t.id, t.organization_id, o.name as organization_name, o.display_name as organization_display_name, o.icon
        as organization_icon,
      t.name, t.display_name, t.description, t.icon, t.provisioner, t.active_version_id, t.require_active_version,
          t.deprecated,
      t.default_ttl_seconds, t.created_by, u.username as created_by_name, t.created_at, t.updated_at, t.deleted_at,
      (select jsonb_object_agg(x.user_id, x.actions) from daybreak.template_acl x
        where x.template_id = t.id and x.user_id is not null) as user_acl,
      (select jsonb_object_agg(x.group_id, x.actions) from daybreak.template_acl x
        where x.template_id = t.id and x.group_id is not null) as group_acl
    from daybreak.templates t
    join daybreak.organizations o on o.id = t.organization_id
    join daybreak.users u on u.id = t.created_by
    where t.deleted_at is null
      and (${params.organizationId}::uuid is null or t.organization_id = ${params.organizationId}::uuid)
    order by lower(t.name), t.id
    limit ${params.limit}`)
}

const lockTemplateRow = z.object({ id: z.guid(), activeVersionId: z.guid() })
export type LockTemplateRow = z.infer<typeof lockTemplateRow>

export async function lockTemplate(db: CommonQueryMethods, params: { id: string }): Promise<LockTemplateRow | null> {
  return await db.maybeOne(sql.type(lockTemplateRow)`
    select id, active_version_id from daybreak.templates where id = ${params.id} and deleted_at is null for no key update`)
}

export async function setActiveVersion(db: CommonQueryMethods, params: { versionId: string; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.templates set active_version_id = ${params.versionId}, updated_at = clock_timestamp() where id = ${params.id}`)
  return rowCount
}

const insertTemplateVersionRow = z.object({ id: z.guid() })
export type InsertTemplateVersionRow = z.infer<typeof insertTemplateVersionRow>

export async function insertTemplateVersion(db: CommonQueryMethods, params: { templateId: string | null; organizationId: string; name: string; message: string; jobId: string; createdBy: string }): Promise<InsertTemplateVersionRow> {
  return await db.one(sql.type(insertTemplateVersionRow)`
    insert into daybreak.template_versions (template_id, organization_id, name, message, job_id, created_by)
    values (${params.templateId}, ${params.organizationId}, ${params.name}, ${params.message}, ${params.jobId}, ${params.createdBy})
    returning id`)
}

/** Zero rows when the version already belongs to a template. */
export async function attachTemplateVersion(db: CommonQueryMethods, params: { templateId: string; id: string; organizationId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.template_versions set template_id = ${params.templateId}, updated_at = clock_timestamp()
    where id = ${params.id} and template_id is null and organization_id = ${params.organizationId} and archived_at is null`)
  return rowCount
}

const findTemplateVersionRow = z.object({ id: z.guid(), templateId: z.guid().nullable(), organizationId: z.guid(), name: z.string(), message: z.string(), readme: z.string(), jobId: z.guid(), manifest: z.unknown().nullable(), createdBy: z.guid(), createdByName: z.string(), createdAt: z.date(), updatedAt: z.date(), archivedAt: z.date().nullable() })
export type FindTemplateVersionRow = z.infer<typeof findTemplateVersionRow>

/** By id, or by name within a template. */
export async function findTemplateVersion(db: CommonQueryMethods, params: { id: string | null; templateId: string | null; name: string | null }): Promise<FindTemplateVersionRow | null> {
  return await db.maybeOne(sql.type(findTemplateVersionRow)`
    select v.id, v.template_id, v.organization_id, v.name, v.message, v.readme, v.job_id, v.manifest, v.created_by,
      u.username as created_by_name, v.created_at, v.updated_at, v.archived_at
    from daybreak.template_versions v
    join daybreak.users u on u.id = v.created_by
    where case when ${params.id}::uuid is not null then v.id = ${params.id}::uuid
      else v.template_id = ${params.templateId}::uuid and lower(v.name) = lower(${params.name}::text) end`)
}

const findTemplateVersionByJobRow = z.object({ id: z.guid(), templateId: z.guid().nullable(), organizationId: z.guid() })
export type FindTemplateVersionByJobRow = z.infer<typeof findTemplateVersionByJobRow>

export async function findTemplateVersionByJob(db: CommonQueryMethods, params: { jobId: string }): Promise<FindTemplateVersionByJobRow | null> {
  return await db.maybeOne(sql.type(findTemplateVersionByJobRow)`
    select id, template_id, organization_id from daybreak.template_versions where job_id = ${params.jobId}`)
}

const listTemplateVersionsRow = z.object({ id: z.guid(), templateId: z.guid().nullable(), organizationId: z.guid(), name: z.string(), message: z.string(), readme: z.string(), jobId: z.guid(), createdBy: z.guid(), createdByName: z.string(), createdAt: z.date(), updatedAt: z.date(), archivedAt: z.date().nullable() })
export type ListTemplateVersionsRow = z.infer<typeof listTemplateVersionsRow>

/** Oldest first, as clients of the wire format expect. */
export async function listTemplateVersions(db: CommonQueryMethods, params: { templateId: string; limit: number; offset: number }): Promise<readonly ListTemplateVersionsRow[]> {
  return await db.any(sql.type(listTemplateVersionsRow)`
    select v.id, v.template_id, v.organization_id, v.name, v.message, v.readme, v.job_id, v.created_by,
      u.username as created_by_name, v.created_at, v.updated_at, v.archived_at
    from daybreak.template_versions v
    join daybreak.users u on u.id = v.created_by
    where v.template_id = ${params.templateId}
    order by v.created_at, v.id
    limit ${params.limit} offset ${params.offset}`)
}

export async function storeManifest(db: CommonQueryMethods, params: { manifest: Json; readme: string; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.template_versions set manifest = ${json(params.manifest)}, readme = ${params.readme}, updated_at = clock_timestamp()
        where id = ${params.id}`)
  return rowCount
}

export async function insertVersionParameters(db: CommonQueryMethods, params: { versionId: string; parameters: Json }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.template_version_parameters (template_version_id, name, position, definition)
    select ${params.versionId}, p.definition ->> 'name', p.position, p.definition
    from jsonb_array_elements(${json(params.parameters)}::jsonb) with ordinality as p (definition, position)`)
  return rowCount
}

const listClaimedVersionNamesRow = z.object({ name: z.string() })
export type ListClaimedVersionNamesRow = z.infer<typeof listClaimedVersionNamesRow>

/** Version names of a template that begin as `prefix` does. */
export async function listClaimedVersionNames(db: CommonQueryMethods, params: { templateId: string; prefix: string; limit: number }): Promise<readonly ListClaimedVersionNamesRow[]> {
  return await db.any(sql.type(listClaimedVersionNamesRow)`
    select name from daybreak.template_versions where template_id = ${params.templateId} and starts_with(name, ${params.prefix}) limit ${params.limit}`)
}

const findManifestRow = z.object({ manifest: z.unknown().nullable() })
export type FindManifestRow = z.infer<typeof findManifestRow>

/** What the import of a version found; it never changes afterwards. */
export async function findManifest(db: CommonQueryMethods, params: { id: string }): Promise<FindManifestRow | null> {
  return await db.maybeOne(sql.type(findManifestRow)`
    select manifest from daybreak.template_versions where id = ${params.id}`)
}

export async function setTemplateSettings(db: CommonQueryMethods, params: { name: string; displayName: string; description: string; icon: string; deprecated: string; requireActiveVersion: boolean; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.templates set name = ${params.name}, display_name = ${params.displayName}, description = ${params.description}, icon = ${params.icon},
      deprecated = ${params.deprecated}, require_active_version = ${params.requireActiveVersion}, updated_at = clock_timestamp()
    where id = ${params.id}`)
  return rowCount
}
