// Generated from presets.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { json, prepared, type Json } from './values.ts'

const insertPresetRow = z.object({ id: z.guid() })
export type InsertPresetRow = z.infer<typeof insertPresetRow>

export async function insertPreset(db: CommonQueryMethods, params: { versionId: string; name: string; presetKey: string; description: string; icon: string; isDefault: boolean; desiredInstances: number | null; invalidateAfterSecs: number | null; schedulingTimezone: string | null }): Promise<InsertPresetRow> {
  return await db.one(sql.type(insertPresetRow)`
    insert into daybreak.template_version_presets (template_version_id, name, preset_key, description, icon, is_default,
      desired_instances, invalidate_after_secs, scheduling_timezone)
    values (${params.versionId}, ${params.name}, ${params.presetKey}, ${params.description}, ${params.icon}, ${params.isDefault}, ${params.desiredInstances}, ${params.invalidateAfterSecs},
        ${params.schedulingTimezone})
    returning id`)
}

export async function insertPresetParameters(db: CommonQueryMethods, params: { presetId: string; parameters: Json }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.template_version_preset_parameters (preset_id, name, value)
    select ${params.presetId}, p.key, p.value from jsonb_each_text(${json(params.parameters)}::jsonb) as p`)
  return rowCount
}

export async function insertPresetSchedules(db: CommonQueryMethods, params: { presetId: string; schedules: Json }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.template_version_preset_prebuild_schedules (preset_id, cron_expression, desired_instances)
    select ${params.presetId}, s.cron, s.instances from jsonb_to_recordset(${json(params.schedules)}::jsonb) as s (cron text, instances integer)`)
  return rowCount
}

const listPresetsOfVersionRow = z.object({ id: z.guid(), name: z.string(), presetKey: z.string(), description: z.string(), icon: z.string(), isDefault: z.boolean(), desiredInstances: z.int().nullable(), parameters: z.unknown() })
export type ListPresetsOfVersionRow = z.infer<typeof listPresetsOfVersionRow>

export async function listPresetsOfVersion(db: CommonQueryMethods, params: { versionId: string; limit: number }): Promise<readonly ListPresetsOfVersionRow[]> {
  return await db.any(sql.type(listPresetsOfVersionRow)`
    select p.id, p.name, p.preset_key, p.description, p.icon, p.is_default, p.desired_instances,
      (select coalesce(jsonb_agg(jsonb_build_object('name', x.name, 'value', x.value) order by x.name), '[]')
        from daybreak.template_version_preset_parameters x where x.preset_id = p.id) as parameters
    from daybreak.template_version_presets p
    where p.template_version_id = ${params.versionId}
    order by p.id
    limit ${params.limit}`)
}

const listPoolPresetIdsRow = z.object({ id: z.guid() })
export type ListPoolPresetIdsRow = z.infer<typeof listPoolPresetIdsRow>

/** Presets of one version that ask for a pool. */
export async function listPoolPresetIds(db: CommonQueryMethods, params: { versionId: string }): Promise<readonly ListPoolPresetIdsRow[]> {
  return await db.any(sql.type(listPoolPresetIdsRow)`
    select id from daybreak.template_version_presets where template_version_id = ${params.versionId} and desired_instances
        is not null`)
}

const findCreateTargetRow = z.object({ templateId: z.guid(), organizationId: z.guid(), provisioner: z.string(), activeVersionId: z.guid(), templateName: z.string(), deprecated: z.string(), versionId: z.guid(), versionName: z.string(), imported: z.boolean(), isMember: z.boolean(), nameTaken: z.boolean(), presetId: z.guid().nullable(), presetName: z.string().nullable(), presetKey: z.string().nullable(), presetVersionId: z.guid().nullable(), desiredInstances: z.int().nullable(), invalidateAfterSecs: z.int().nullable(), lastInvalidatedAt: z.date().nullable(), presetParameters: z.unknown().nullable(), now: z.date(), userAcl: z.unknown().nullable(), groupAcl: z.unknown().nullable() })
export type FindCreateTargetRow = z.infer<typeof findCreateTargetRow>

/** All that a request for a workspace must know, with the database's time: the version (or the template's active one), its template, the preset, whether the actor belongs there, and whether the owner has the name already. */
export async function findCreateTarget(db: CommonQueryMethods, params: { actorId: string; ownerId: string; name: string; presetId: string | null; versionId: string | null; templateId: string | null }): Promise<FindCreateTargetRow | null> {
  return await db.maybeOne(prepared('findCreateTarget', findCreateTargetRow)`
    select t.id as template_id, t.organization_id, t.provisioner, t.active_version_id, t.name as template_name,
        t.deprecated,
      v.id as version_id, v.name as version_name, v.manifest is not null as imported,
      exists (select from daybreak.organization_members m where m.user_id = ${params.actorId}
          and m.organization_id = t.organization_id) as is_member,
      exists (select from daybreak.workspaces w where w.owner_id = ${params.ownerId} and lower(w.name) = lower(${params.name})
          and w.deleted_at is null) as name_taken,
      p.id as preset_id, p.name as preset_name, p.preset_key, p.template_version_id as preset_version_id,
          p.desired_instances,
      p.invalidate_after_secs, p.last_invalidated_at,
      (select jsonb_object_agg(x.name, x.value) from daybreak.template_version_preset_parameters x where x.preset_id = p.id)
          as preset_parameters,
      clock_timestamp() as now,
      (select jsonb_object_agg(x.user_id, x.actions) from daybreak.template_acl x
        where x.template_id = t.id and x.user_id is not null) as user_acl,
      (select jsonb_object_agg(x.group_id, x.actions) from daybreak.template_acl x
        where x.template_id = t.id and x.group_id is not null) as group_acl
    from daybreak.template_versions v
    join daybreak.templates t on t.id = v.template_id
    left join daybreak.template_version_presets p on p.id = ${params.presetId}::uuid
    where t.deleted_at is null
      and v.id = coalesce(${params.versionId}::uuid, (select x.active_version_id from daybreak.templates x
          where x.id = ${params.templateId}::uuid))`)
}

const invalidatePresetsRow = z.object({ presetId: z.guid(), presetName: z.string(), versionName: z.string(), templateName: z.string() })
export type InvalidatePresetsRow = z.infer<typeof invalidatePresetsRow>

export async function invalidatePresets(db: CommonQueryMethods, params: { templateId: string }): Promise<readonly InvalidatePresetsRow[]> {
  return await db.any(sql.type(invalidatePresetsRow)`
    update daybreak.template_version_presets p set last_invalidated_at = clock_timestamp()
    from daybreak.template_versions v, daybreak.templates t
    where v.id = p.template_version_id and t.id = v.template_id and t.active_version_id = v.id and t.id = ${params.templateId}
      and p.desired_instances is not null
    returning p.id as preset_id, p.name as preset_name, v.name as version_name, t.name as template_name`)
}

export async function setPresetStatus(db: CommonQueryMethods, params: { status: string; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.template_version_presets set prebuild_status = ${params.status} where id = ${params.id} and prebuild_status <> ${params.status}`)
  return rowCount
}

const listSweepPresetsRow = z.object({ id: z.guid() })
export type ListSweepPresetsRow = z.infer<typeof listSweepPresetsRow>

/** Every preset that has or should have prebuilds: the safety net's list, in pages. */
export async function listSweepPresets(db: CommonQueryMethods, params: { after: string; limit: number }): Promise<readonly ListSweepPresetsRow[]> {
  return await db.any(sql.type(listSweepPresetsRow)`
    select p.id
    from daybreak.template_version_presets p
    where p.id > ${params.after} and (exists (select from daybreak.prebuild_pool x where x.preset_id = p.id)
      or p.desired_instances is not null and exists (select from daybreak.templates t
        where t.active_version_id = p.template_version_id and t.deleted_at is null))
    order by p.id
    limit ${params.limit}`)
}
