// Generated from prebuild_pool.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'

export async function insertPoolRow(db: CommonQueryMethods, params: { workspaceId: string; templateId: string; templateVersionId: string; presetId: string; presetKey: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.prebuild_pool (workspace_id, template_id, template_version_id, preset_id, preset_key)
    values (${params.workspaceId}, ${params.templateId}, ${params.templateVersionId}, ${params.presetId}, ${params.presetKey})`)
  return rowCount
}

const lockPoolRowRow = z.object({ workspaceId: z.guid(), presetId: z.guid(), state: z.string(), readyAt: z.date().nullable(), bootDeadlineAt: z.date().nullable() })
export type LockPoolRowRow = z.infer<typeof lockPoolRowRow>

/** First lock of every transaction about an agent or a build of a prebuild. */
export async function lockPoolRow(db: CommonQueryMethods, params: { workspaceId: string }): Promise<LockPoolRowRow | null> {
  return await db.maybeOne(sql.type(lockPoolRowRow)`
    select workspace_id, preset_id, state, ready_at, boot_deadline_at from daybreak.prebuild_pool
        where workspace_id = ${params.workspaceId} for update`)
}

const takePoolRowRow = z.object({ workspaceId: z.guid(), state: z.string() })
export type TakePoolRowRow = z.infer<typeof takePoolRowRow>

/** For removal: a row that a claim holds is left to the claim. */
export async function takePoolRow(db: CommonQueryMethods, params: { workspaceId: string }): Promise<TakePoolRowRow | null> {
  return await db.maybeOne(sql.type(takePoolRowRow)`
    select workspace_id, state from daybreak.prebuild_pool where workspace_id = ${params.workspaceId} for update skip locked`)
}

const settlePoolRowRow = z.object({ presetId: z.guid(), was: z.string(), nowIs: z.string() })
export type SettlePoolRowRow = z.infer<typeof settlePoolRowRow>

/** Makes the state what build and agents say: ready when the latest build is a succeeded start and every top-level live agent is connected and ready. The caller holds the row's lock. */
export async function settlePoolRow(db: CommonQueryMethods, params: { workspaceId: string }): Promise<SettlePoolRowRow | null> {
  return await db.maybeOne(sql.type(settlePoolRowRow)`
    update daybreak.prebuild_pool p set
      state = case when facts.ready then 'ready' else 'booting' end,
      ready_at = case when facts.ready then coalesce(p.ready_at, clock_timestamp()) end,
      boot_deadline_at = case when facts.ready then null
        when p.state = 'booting' and p.boot_deadline_at is not null then p.boot_deadline_at
        else clock_timestamp() + make_interval(secs => facts.patience) end
    from (
      select w.id, bool_and(a.lifecycle_state = 'ready' and a.first_connected_at is not null and a.disconnected_at is null)
          as ready,
        max(a.connection_timeout_seconds) + coalesce((select max(s.timeout_seconds) from daybreak.workspace_agent_scripts s
          where s.run_on_start and s.agent_id = any(array_agg(a.definition_id))), 0) as patience
      from daybreak.workspaces w
      join daybreak.workspace_builds b on b.id = w.latest_build_id
      join daybreak.provisioner_jobs j on j.id = b.job_id
      join daybreak.workspace_agents a on a.workspace_id = w.id and a.deleted_at is null and a.parent_id is null
      where w.id = ${params.workspaceId} and b.transition = 'start' and j.job_status = 'succeeded'
      group by w.id) as facts
    where p.workspace_id = facts.id and p.state in ('building', 'booting', 'ready')
      and (p.state = 'building' or facts.ready <> (p.state = 'ready') or p.state = 'booting' and p.boot_deadline_at is null)
    returning p.preset_id, old.state as was, new.state as now_is`)
}

const failPoolRowRow = z.object({ presetId: z.guid() })
export type FailPoolRowRow = z.infer<typeof failPoolRowRow>

export async function failPoolRow(db: CommonQueryMethods, params: { workspaceId: string }): Promise<FailPoolRowRow | null> {
  return await db.maybeOne(sql.type(failPoolRowRow)`
    update daybreak.prebuild_pool set state = 'failed', ready_at = null, boot_deadline_at = null,
        failed_at = clock_timestamp()
    where workspace_id = ${params.workspaceId} and state in ('building', 'booting', 'ready')
    returning preset_id`)
}

export async function markPoolRowDeleting(db: CommonQueryMethods, params: { workspaceId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.prebuild_pool set state = 'deleting', ready_at = null, boot_deadline_at = null
        where workspace_id = ${params.workspaceId}`)
  return rowCount
}

const deletePoolRowRow = z.object({ presetId: z.guid() })
export type DeletePoolRowRow = z.infer<typeof deletePoolRowRow>

export async function deletePoolRow(db: CommonQueryMethods, params: { workspaceId: string }): Promise<DeletePoolRowRow | null> {
  return await db.maybeOne(sql.type(deletePoolRowRow)`
    delete from daybreak.prebuild_pool where workspace_id = ${params.workspaceId} returning preset_id`)
}

const listPoolOfHostRow = z.object({ workspaceId: z.guid() })
export type ListPoolOfHostRow = z.infer<typeof listPoolOfHostRow>

/** Prebuilds that run on a host. */
export async function listPoolOfHost(db: CommonQueryMethods, params: { host: string; after: string; limit: number }): Promise<readonly ListPoolOfHostRow[]> {
  return await db.any(sql.type(listPoolOfHostRow)`
    select p.workspace_id from daybreak.prebuild_pool p
    join daybreak.workspaces w on w.id = p.workspace_id
    where p.state in ('booting', 'ready') and w.host = ${params.host} and w.deleted_at is null and w.id > ${params.after}
    order by w.id
    limit ${params.limit}`)
}

/** Not to be claimed until it has shown itself again; how long it may take for that is counted anew. */
export async function doubtPoolRow(db: CommonQueryMethods, params: { workspaceId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.prebuild_pool set state = 'booting', ready_at = null, boot_deadline_at = null
    where workspace_id = ${params.workspaceId} and state in ('booting', 'ready')`)
  return rowCount
}

const readPoolCountsRow = z.object({ presetId: z.guid(), presetName: z.string(), presetKey: z.string(), templateId: z.guid(), templateName: z.string(), templateVersionId: z.guid(), versionName: z.string(), organizationName: z.string(), base: z.int().nullable(), schedulingTimezone: z.string().nullable(), prebuildStatus: z.string().nullable(), hold: z.string().nullable(), lastDesired: z.int().nullable(), organizationId: z.guid(), userAcl: z.unknown().nullable(), groupAcl: z.unknown().nullable(), schedules: z.unknown(), ready: z.int(), starting: z.int(), failed: z.int() })
export type ReadPoolCountsRow = z.infer<typeof readPoolCountsRow>

/** Per preset of active versions: what is wanted and what is there. */
export async function readPoolCounts(db: CommonQueryMethods, params: { limit: number }): Promise<readonly ReadPoolCountsRow[]> {
  return await db.any(sql.type(readPoolCountsRow)`
    select p.id as preset_id, p.name as preset_name, p.preset_key, t.id as template_id, t.name as template_name, v.id
        as template_version_id,
      v.name as version_name, o.name as organization_name, p.desired_instances as base, p.scheduling_timezone,
          p.prebuild_status,
      s.hold, s.desired as last_desired, t.organization_id,
      (select jsonb_object_agg(x.user_id, x.actions) from daybreak.template_acl x
        where x.template_id = t.id and x.user_id is not null) as user_acl,
      (select jsonb_object_agg(x.group_id, x.actions) from daybreak.template_acl x
        where x.template_id = t.id and x.group_id is not null) as group_acl,
      (select coalesce(jsonb_agg(jsonb_build_object('cron', x.cron_expression, 'instances', x.desired_instances)
          order by x.id), '[]')
        from daybreak.template_version_preset_prebuild_schedules x where x.preset_id = p.id) as schedules,
      (select count(*)::integer from daybreak.prebuild_pool x where x.preset_id = p.id and x.state = 'ready') as ready,
      (select count(*)::integer from daybreak.prebuild_pool x where x.preset_id = p.id and x.state in ('building',
          'booting')) as starting,
      (select count(*)::integer from daybreak.prebuild_pool x where x.preset_id = p.id and x.state = 'failed') as failed
    from daybreak.templates t
    join daybreak.organizations o on o.id = t.organization_id
    join daybreak.template_versions v on v.id = t.active_version_id
    join daybreak.template_version_presets p on p.template_version_id = v.id
    left join daybreak.schedule_boundaries s on s.preset_id = p.id
    where t.deleted_at is null and p.desired_instances is not null
    order by lower(t.name), p.id
    limit ${params.limit}`)
}

const listUnsettledPoolRowsRow = z.object({ workspaceId: z.guid() })
export type ListUnsettledPoolRowsRow = z.infer<typeof listUnsettledPoolRowsRow>

/** Rows whose state is not what build and agents say: the sweep should find none. */
export async function listUnsettledPoolRows(db: CommonQueryMethods, params: { limit: number }): Promise<readonly ListUnsettledPoolRowsRow[]> {
  return await db.any(sql.type(listUnsettledPoolRowsRow)`
    select p.workspace_id
    from daybreak.prebuild_pool p
    join daybreak.workspaces w on w.id = p.workspace_id
    join daybreak.workspace_builds b on b.id = w.latest_build_id
    join daybreak.provisioner_jobs j on j.id = b.job_id
    where p.state in ('building', 'booting', 'ready') and b.transition = 'start' and j.job_status = 'succeeded'
      and (p.state = 'building' or (p.state = 'ready') <> (
        select coalesce(bool_and(a.lifecycle_state = 'ready' and a.first_connected_at is not null and a.disconnected_at
            is null), false)
        from daybreak.workspace_agents a where a.workspace_id = w.id and a.deleted_at is null and a.parent_id is null))
    limit ${params.limit}`)
}

const listStrandedRemovalsRow = z.object({ workspaceId: z.guid(), presetId: z.guid() })
export type ListStrandedRemovalsRow = z.infer<typeof listStrandedRemovalsRow>

/** Prebuilds that should go and whose removal has ended without success. */
export async function listStrandedRemovals(db: CommonQueryMethods, params: { limit: number }): Promise<readonly ListStrandedRemovalsRow[]> {
  return await db.any(sql.type(listStrandedRemovalsRow)`
    select p.workspace_id, p.preset_id
    from daybreak.prebuild_pool p
    join daybreak.workspaces w on w.id = p.workspace_id
    join daybreak.workspace_builds b on b.id = w.latest_build_id
    join daybreak.provisioner_jobs j on j.id = b.job_id
    where p.state = 'deleting' and j.completed_at is not null
    limit ${params.limit}`)
}
