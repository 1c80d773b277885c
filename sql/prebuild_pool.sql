-- insertPoolRow :exec
insert into daybreak.prebuild_pool (workspace_id, template_id, template_version_id, preset_id, preset_key)
values (:workspaceId, :templateId, :templateVersionId, :presetId, :presetKey);

-- lockPoolRow :maybe
-- First lock of every transaction about an agent or a build of a prebuild.
select workspace_id, preset_id, state, ready_at, boot_deadline_at from daybreak.prebuild_pool
    where workspace_id = :workspaceId for update;

-- takePoolRow :maybe
-- For removal: a row that a claim holds is left to the claim.
select workspace_id, state from daybreak.prebuild_pool where workspace_id = :workspaceId for update skip locked;

-- settlePoolRow :maybe
-- Makes the state what build and agents say: ready when the latest build is a succeeded start and every top-level live
-- agent is connected and ready. The caller holds the row's lock.
-- not null: preset_id, was, now_is
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
  where w.id = :workspaceId and b.transition = 'start' and j.job_status = 'succeeded'
  group by w.id) as facts
where p.workspace_id = facts.id and p.state in ('building', 'booting', 'ready')
  and (p.state = 'building' or facts.ready <> (p.state = 'ready') or p.state = 'booting' and p.boot_deadline_at is null)
returning p.preset_id, old.state as was, new.state as now_is;

-- failPoolRow :maybe
-- not null: preset_id
update daybreak.prebuild_pool set state = 'failed', ready_at = null, boot_deadline_at = null,
    failed_at = clock_timestamp()
where workspace_id = :workspaceId and state in ('building', 'booting', 'ready')
returning preset_id;

-- markPoolRowDeleting :exec
update daybreak.prebuild_pool set state = 'deleting', ready_at = null, boot_deadline_at = null
    where workspace_id = :workspaceId;

-- deletePoolRow :maybe
delete from daybreak.prebuild_pool where workspace_id = :workspaceId returning preset_id;

-- listPoolOfHost :many
-- Prebuilds that run on a host.
select p.workspace_id from daybreak.prebuild_pool p
join daybreak.workspaces w on w.id = p.workspace_id
where p.state in ('booting', 'ready') and w.host = :host and w.deleted_at is null and w.id > :after
order by w.id
limit :limit;

-- doubtPoolRow :exec
-- Not to be claimed until it has shown itself again; how long it may take for that is counted anew.
update daybreak.prebuild_pool set state = 'booting', ready_at = null, boot_deadline_at = null
where workspace_id = :workspaceId and state in ('booting', 'ready');

-- readPoolCounts :many
-- Per preset of active versions: what is wanted and what is there.
-- not null: preset_id, preset_name, preset_key, template_id, template_version_id, ready, starting, failed
-- not null: template_name, version_name
-- not null: organization_name, organization_id, schedules
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
limit :limit;

-- listUnsettledPoolRows :many
-- Rows whose state is not what build and agents say: the sweep should find none.
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
limit :limit;

-- listStrandedRemovals :many
-- Prebuilds that should go and whose removal has ended without success.
-- not null: preset_id
select p.workspace_id, p.preset_id
from daybreak.prebuild_pool p
join daybreak.workspaces w on w.id = p.workspace_id
join daybreak.workspace_builds b on b.id = w.latest_build_id
join daybreak.provisioner_jobs j on j.id = b.job_id
where p.state = 'deleting' and j.completed_at is not null
limit :limit;
