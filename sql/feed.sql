-- findFeedStart :one
-- Where a feed that begins now begins.
-- not null: last_log_id, last_agent_log_id
select coalesce((select max(id) from daybreak.provisioner_job_logs), 0) as last_log_id,
  coalesce((select max(id) from daybreak.workspace_agent_logs), 0) as last_agent_log_id;

-- listFeedLines :many
-- What builds wrote since a line, with what they build.
-- not null: id, created_at, level, output, workspace_name, owner_name
select l.id, l.created_at, l.level, l.output, w.id as workspace_id, w.name as workspace_name, u.username as owner_name,
  p.name as preset_name, b.transition
from daybreak.provisioner_job_logs l
join daybreak.workspace_builds b on b.job_id = l.job_id
join daybreak.workspaces w on w.id = b.workspace_id
join daybreak.users u on u.id = w.owner_id
left join daybreak.template_version_presets p on p.id = b.preset_id
where l.id > :after
order by l.id
limit :limit;

-- listFeedAgentLines :many
-- What the scripts of agents wrote since a line.
-- not null: id, created_at, level, output, workspace_id, workspace_name, owner_name
select l.id, l.created_at, l.level, l.output, a.workspace_id, w.name as workspace_name, u.username as owner_name, p.name
    as preset_name
from daybreak.workspace_agent_logs l
join daybreak.workspace_agents a on a.id = l.agent_id
join daybreak.workspaces w on w.id = a.workspace_id
join daybreak.users u on u.id = w.owner_id
join daybreak.workspace_builds b on b.id = a.build_id
left join daybreak.template_version_presets p on p.id = b.preset_id
where l.id > :after
order by l.id
limit :limit;

-- listFeedStates :many
-- How workspaces are that changed since an instant.
-- not null: id, name, owner_name, build_number, transition, job_status, error
select w.id, w.name, u.username as owner_name, w.claimed_at, w.deleted_at, p.name as preset_name, x.state as pool_state,
  b.build_number, b.transition, j.job_status, j.error, a.lifecycle_state, a.first_connected_at, a.disconnected_at,
  a.reinit_generation, a.acknowledged_generation
from daybreak.workspaces w
join daybreak.users u on u.id = w.owner_id
join daybreak.workspace_builds b on b.id = w.latest_build_id
join daybreak.provisioner_jobs j on j.id = b.job_id
left join daybreak.template_version_presets p on p.id = b.preset_id
left join daybreak.prebuild_pool x on x.workspace_id = w.id
left join daybreak.workspace_agents a on a.workspace_id = w.id and a.deleted_at is null
where w.id = any(:ids);
