// Generated from reconcile.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, json, time, prepared, type Json } from './values.ts'

export async function insertWake(db: CommonQueryMethods, params: { presetId: string; cause: string; actorId: string | null }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.preset_wakes (preset_id, cause, actor_id) values (${params.presetId}, ${params.cause}, ${params.actorId})`)
  return rowCount
}

const lockPresetRow = z.object({ id: z.guid() })
export type LockPresetRow = z.infer<typeof lockPresetRow>

/** Not "for update": the foreign keys of claims would wait for it. */
export async function lockPreset(db: CommonQueryMethods, params: { presetId: string }): Promise<LockPresetRow | null> {
  return await db.maybeOne(sql.type(lockPresetRow)`
    select id from daybreak.template_version_presets where id = ${params.presetId} for no key update skip locked`)
}

const takeWakesRow = z.object({ cause: z.string() })
export type TakeWakesRow = z.infer<typeof takeWakesRow>

export async function takeWakes(db: CommonQueryMethods, params: { presetId: string }): Promise<readonly TakeWakesRow[]> {
  return await db.any(sql.type(takeWakesRow)`
    delete from daybreak.preset_wakes where preset_id = ${params.presetId} returning cause`)
}

const hasWakesRow = z.object({ waiting: z.boolean() })
export type HasWakesRow = z.infer<typeof hasWakesRow>

export async function hasWakes(db: CommonQueryMethods, params: { presetId: string }): Promise<HasWakesRow> {
  return await db.one(sql.type(hasWakesRow)`
    select exists (select from daybreak.preset_wakes where preset_id = ${params.presetId}) as waiting`)
}

const readPresetSnapshotRow = z.object({ now: z.date(), name: z.string(), templateVersionId: z.guid(), presetKey: z.string(), desiredInstances: z.int().nullable(), invalidateAfterSecs: z.int().nullable(), schedulingTimezone: z.string().nullable(), prebuildStatus: z.string(), lastInvalidatedAt: z.date().nullable(), templateId: z.guid(), organizationId: z.guid(), provisioner: z.string(), active: z.boolean(), manifest: z.unknown(), paused: z.boolean(), failuresInRow: z.int(), lastFailureAt: z.date().nullable(), appliedAt: z.date().nullable(), lastDesired: z.int().nullable(), schedules: z.unknown(), parameters: z.unknown(), pool: z.unknown() })
export type ReadPresetSnapshotRow = z.infer<typeof readPresetSnapshotRow>

/** All that one decision rests on, in one statement: counts come from the pool alone. */
export async function readPresetSnapshot(db: CommonQueryMethods, params: { presetId: string }): Promise<ReadPresetSnapshotRow | null> {
  return await db.maybeOne(sql.type(readPresetSnapshotRow)`
    with preset as (
      select p.*, v.template_id, v.manifest, t.organization_id, t.provisioner,
        t.active_version_id = v.id and t.deleted_at is null and t.deprecated = '' as active
      from daybreak.template_version_presets p
      join daybreak.template_versions v on v.id = p.template_version_id
      join daybreak.templates t on t.id = v.template_id
      where p.id = ${params.presetId}),
    last_success as (
      select max(e.at) as at from (
        -- One that is ready again after a loss, or after its host has started again, is no new success.
        select e.at from daybreak.prebuild_events e
        where e.preset_id = ${params.presetId} and e.kind = 'became_ready' and not exists (
          select from daybreak.prebuild_events x where x.workspace_id = e.workspace_id and x.at < e.at
            and x.kind = any('{became_ready,lost}'::text[]))
        order by e.at desc limit 1) as e),
    failures as (
      select count(*)::integer as in_row, max(e.at) as last_at from daybreak.prebuild_events e, last_success s
      where e.preset_id = ${params.presetId} and e.kind = any('{build_failed,start_failed,boot_timeout}'::text[]) and (s.at is null
          or e.at > s.at))
    select clock_timestamp() as now, preset.name, preset.template_version_id, preset.preset_key, preset.desired_instances,
        preset.invalidate_after_secs,
      preset.scheduling_timezone, preset.prebuild_status, preset.last_invalidated_at, preset.template_id,
          preset.organization_id, preset.provisioner,
      preset.active, preset.manifest, s.reconciliation_paused as paused, failures.in_row as failures_in_row,
          failures.last_at as last_failure_at,
      (select b.applied_at from daybreak.schedule_boundaries b where b.preset_id = preset.id) as applied_at,
      (select b.desired from daybreak.schedule_boundaries b where b.preset_id = preset.id) as last_desired,
      (select coalesce(jsonb_agg(jsonb_build_object('cron', x.cron_expression, 'instances', x.desired_instances)
          order by x.id), '[]')
        from daybreak.template_version_preset_prebuild_schedules x where x.preset_id = preset.id) as schedules,
      (select coalesce(jsonb_object_agg(x.name, x.value), '{}')
        from daybreak.template_version_preset_parameters x where x.preset_id = preset.id) as parameters,
      (select coalesce(jsonb_agg(jsonb_build_object('id', x.workspace_id, 'createdAt', x.created_at, 'readyAt', x.ready_at,
          'bootDeadlineAt', x.boot_deadline_at, 'failedAt', x.failed_at,
          'state', case when x.state = 'building' and exists (select from daybreak.provisioner_jobs j
              where j.workspace_id = x.workspace_id and j.completed_at is null and j.attempt = 0)
                  then 'building_pending'
            else x.state end) order by x.created_at, x.workspace_id), '[]')
        from daybreak.prebuild_pool x where x.preset_id = preset.id) as pool
    from preset, failures, daybreak.prebuild_settings s
    where s.scope = 'deployment'`)
}

export async function storeDecision(db: CommonQueryMethods, params: { presetId: string; at: Date; causes: readonly string[]; state: Json; actions: Json; reasons: Json; durationMs: number }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.reconcile_decisions (preset_id, at, causes, state, actions, reasons, duration_ms)
    values (${params.presetId}, ${time(params.at)}, ${array(params.causes, 'text')}, ${json(params.state)}, ${json(params.actions)}, ${json(params.reasons)}, ${params.durationMs})`)
  return rowCount
}

const findLastDecisionRow = z.object({ id: z.int(), at: z.date(), causes: z.array(z.string()), state: z.unknown(), actions: z.unknown(), reasons: z.unknown(), durationMs: z.int() })
export type FindLastDecisionRow = z.infer<typeof findLastDecisionRow>

export async function findLastDecision(db: CommonQueryMethods, params: { presetId: string }): Promise<FindLastDecisionRow | null> {
  return await db.maybeOne(sql.type(findLastDecisionRow)`
    select id, at, causes, state, actions, reasons, duration_ms from daybreak.reconcile_decisions
    where preset_id = ${params.presetId} order by id desc limit 1`)
}

export async function storeBoundary(db: CommonQueryMethods, params: { presetId: string; nextAt: Date | null; nextReason: string | null; appliedAt: Date; desired: number; windowCron: string | null; windowUntil: Date | null; hold: string | null; tzdata: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.schedule_boundaries (preset_id, next_at, next_reason, applied_at, desired, window_cron,
        window_until, hold, tzdata)
    values (${params.presetId}, ${time(params.nextAt)}, ${params.nextReason}, ${time(params.appliedAt)}, ${params.desired}, ${params.windowCron}, ${time(params.windowUntil)}, ${params.hold}, ${params.tzdata})
    on conflict (preset_id) do update set next_at = excluded.next_at, next_reason = excluded.next_reason,
      applied_at = greatest(daybreak.schedule_boundaries.applied_at, excluded.applied_at), desired = excluded.desired,
      window_cron = excluded.window_cron, window_until = excluded.window_until, hold = excluded.hold,
          tzdata = excluded.tzdata`)
  return rowCount
}

export async function deleteOldDecisions(db: CommonQueryMethods): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.reconcile_decisions where at < clock_timestamp() - interval '30 days'`)
  return rowCount
}

const readAlarmRow = z.object({ now: z.date(), woken: z.array(z.guid()), due: z.unknown(), tasks: z.array(z.string()), lost: z.unknown(), untold: z.array(z.guid()) })
export type ReadAlarmRow = z.infer<typeof readAlarmRow>

/** What the alarm asks each second, in one statement of index look-ups: presets with causes and no waiting job for them, instants that come within the next moments, agents that were not told, and work that waits for a provisioner. A job that has failed for the last time waits for nothing: `is_available` says so. */
export async function readAlarm(db: CommonQueryMethods, params: { horizonSeconds: number; silentSeconds: number }): Promise<ReadAlarmRow> {
  return await db.one(prepared('readAlarm', readAlarmRow)`
    select clock_timestamp() as now,
      (select coalesce(array_agg(x.preset_id), '{}') from (
        select w.preset_id from daybreak.preset_wakes w
        where not exists (select from graphile_worker._private_jobs j
          where j.key = 'preset:' || w.preset_id and j.is_available)
        group by w.preset_id limit 100) as x) as woken,
      (select coalesce(jsonb_agg(x), '[]') from (
        select b.preset_id as "presetId", b.next_at as at from daybreak.schedule_boundaries b
        where b.next_at < clock_timestamp() + make_interval(secs => ${params.horizonSeconds})
          and not exists (select from graphile_worker._private_jobs j
            where j.key = 'preset:' || b.preset_id and j.is_available)
        order by b.next_at limit 500) as x) as due,
      (select coalesce(array_agg(x.task), '{}') from (
        select distinct 'provision:' || y.provisioner || coalesce('@' || (y.tags ->> 'host'), '') as task from (
          select provisioner, tags from daybreak.provisioner_jobs
          where started_at is null and completed_at is null and canceled_at is null
            and created_at < clock_timestamp() - interval '1 second'
            and (attempt < 2 or updated_at < clock_timestamp() - make_interval(secs => power(4, attempt - 1) - 1))
          limit 500) as y) as x
        where not exists (select from graphile_worker._private_jobs j where j.key = x.task and j.is_available)) as tasks,
      (select coalesce(jsonb_agg(x), '[]') from (
        select a.id, a.workspace_id as "workspaceId" from daybreak.workspace_agents a
        where a.deleted_at is null and a.disconnected_at is null
            and a.last_connected_at < clock_timestamp() - make_interval(secs => ${params.silentSeconds})
        limit 100) as x) as lost,
      (select coalesce(array_agg(distinct x.workspace_id), '{}') from (
        select a.workspace_id from daybreak.workspace_agents a
        where a.deleted_at is null and a.acknowledged_generation < a.reinit_generation and a.disconnected_at is null
          and a.updated_at < clock_timestamp() - interval '1 second' limit 100) as x) as untold`)
}
