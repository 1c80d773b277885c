-- insertWake :exec
-- nullable params: actorId
insert into daybreak.preset_wakes (preset_id, cause, actor_id) values (:presetId, :cause, :actorId);

-- lockPreset :maybe
-- Not "for update": the foreign keys of claims would wait for it.
select id from daybreak.template_version_presets where id = :presetId for no key update skip locked;

-- takeWakes :many
delete from daybreak.preset_wakes where preset_id = :presetId returning cause;

-- hasWakes :one
-- not null: waiting
select exists (select from daybreak.preset_wakes where preset_id = :presetId) as waiting;

-- readPresetSnapshot :maybe
-- All that one decision rests on, in one statement: counts come from the pool alone.
-- not null: now, active, paused, template_id, organization_id, provisioner, schedules, parameters, pool
-- not null: failures_in_row, manifest
with preset as (
  select p.*, v.template_id, v.manifest, t.organization_id, t.provisioner,
    t.active_version_id = v.id and t.deleted_at is null and t.deprecated = '' as active
  from daybreak.template_version_presets p
  join daybreak.template_versions v on v.id = p.template_version_id
  join daybreak.templates t on t.id = v.template_id
  where p.id = :presetId),
last_success as (
  select max(e.at) as at from (
    -- One that is ready again after a loss, or after its host has started again, is no new success.
    select e.at from daybreak.prebuild_events e
    where e.preset_id = :presetId and e.kind = 'became_ready' and not exists (
      select from daybreak.prebuild_events x where x.workspace_id = e.workspace_id and x.at < e.at
        and x.kind = any('{became_ready,lost}'::text[]))
    order by e.at desc limit 1) as e),
failures as (
  select count(*)::integer as in_row, max(e.at) as last_at from daybreak.prebuild_events e, last_success s
  where e.preset_id = :presetId and e.kind = any('{build_failed,start_failed,boot_timeout}'::text[]) and (s.at is null
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
where s.scope = 'deployment';

-- storeDecision :exec
insert into daybreak.reconcile_decisions (preset_id, at, causes, state, actions, reasons, duration_ms)
values (:presetId, :at, :causes, :state, :actions, :reasons, :durationMs);

-- findLastDecision :maybe
select id, at, causes, state, actions, reasons, duration_ms from daybreak.reconcile_decisions
where preset_id = :presetId order by id desc limit 1;

-- storeBoundary :exec
-- nullable params: nextAt, nextReason, windowCron, windowUntil, hold
insert into daybreak.schedule_boundaries (preset_id, next_at, next_reason, applied_at, desired, window_cron,
    window_until, hold, tzdata)
values (:presetId, :nextAt, :nextReason, :appliedAt, :desired, :windowCron, :windowUntil, :hold, :tzdata)
on conflict (preset_id) do update set next_at = excluded.next_at, next_reason = excluded.next_reason,
  applied_at = greatest(daybreak.schedule_boundaries.applied_at, excluded.applied_at), desired = excluded.desired,
  window_cron = excluded.window_cron, window_until = excluded.window_until, hold = excluded.hold,
      tzdata = excluded.tzdata;

-- deleteOldDecisions :exec
delete from daybreak.reconcile_decisions where at < clock_timestamp() - interval '30 days';

-- readAlarm :one prepared
-- What the alarm asks each second, in one statement of index look-ups: presets with causes and no waiting job for them,
-- instants that come within the next moments, agents that were not told, and work that waits for a provisioner. A job
-- that has failed for the last time waits for nothing: `is_available` says so.
-- not null: now, woken, due, tasks, lost, untold
select clock_timestamp() as now,
  (select coalesce(array_agg(x.preset_id), '{}') from (
    select w.preset_id from daybreak.preset_wakes w
    where not exists (select from graphile_worker._private_jobs j
      where j.key = 'preset:' || w.preset_id and j.is_available)
    group by w.preset_id limit 100) as x) as woken,
  (select coalesce(jsonb_agg(x), '[]') from (
    select b.preset_id as "presetId", b.next_at as at from daybreak.schedule_boundaries b
    where b.next_at < clock_timestamp() + make_interval(secs => :horizonSeconds)
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
        and a.last_connected_at < clock_timestamp() - make_interval(secs => :silentSeconds)
    limit 100) as x) as lost,
  (select coalesce(array_agg(distinct x.workspace_id), '{}') from (
    select a.workspace_id from daybreak.workspace_agents a
    where a.deleted_at is null and a.acknowledged_generation < a.reinit_generation and a.disconnected_at is null
      and a.updated_at < clock_timestamp() - interval '1 second' limit 100) as x) as untold;
