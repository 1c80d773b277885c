-- insertAgent :exec
insert into daybreak.workspace_agents (id, definition_id, workspace_id, build_id, resource_id, name, token_hash,
    token_sealed,
  operating_system, architecture, directory, environment_variables, connection_timeout_seconds)
values (:id::uuid, :id::uuid, :workspaceId, :buildId, :resourceId, :name, :tokenHash, :tokenSealed,
  :operatingSystem, :architecture, :directory, :environmentVariables, :connectionTimeoutSeconds);

-- insertAgentScripts :exec
insert into daybreak.workspace_agent_scripts (agent_id, position, display_name, icon, script, cron, run_on_start,
    run_on_stop,
  start_blocks_login, timeout_seconds)
select :agentId, s.position, s.display_name, s.icon, s.script, s.cron, s.run_on_start, s.run_on_stop,
    s.start_blocks_login, s.timeout
from jsonb_to_recordset(:scripts::jsonb) as s (position integer, display_name text, icon text, script text, cron text,
  run_on_start boolean, run_on_stop boolean, start_blocks_login boolean, timeout integer);

-- listCredentials :many
-- Live agents of a workspace with what a driver needs to start them.
select id, definition_id, build_id, name, token_sealed from daybreak.workspace_agents
where workspace_id = :workspaceId and deleted_at is null order by name;

-- deleteOtherAgents :exec
-- A workspace has the agents of one build.
update daybreak.workspace_agents set deleted_at = clock_timestamp(), updated_at = clock_timestamp()
where workspace_id = :workspaceId and build_id <> :buildId and deleted_at is null;

-- deleteAgents :exec
update daybreak.workspace_agents set deleted_at = clock_timestamp(), updated_at = clock_timestamp()
where workspace_id = :workspaceId and deleted_at is null;

-- findAgentByToken :maybe prepared
-- not null: owner_id
select a.id, a.definition_id, a.workspace_id, a.build_id, a.name, a.reinit_generation, a.acknowledged_generation,
    a.lifecycle_state,
  a.first_connected_at, a.disconnected_at, w.owner_id
from daybreak.workspace_agents a
join daybreak.workspaces w on w.id = a.workspace_id
where a.token_hash = :tokenHash and a.deleted_at is null;

-- readAgentManifest :maybe
-- not null: workspace_name, owner_id, owner_username, stage
select a.id, a.definition_id, a.name, a.workspace_id, a.reinit_generation, a.directory, a.environment_variables, w.name
    as workspace_name,
  w.owner_id, u.username as owner_username, b.stage
from daybreak.workspace_agents a
join daybreak.workspaces w on w.id = a.workspace_id
join daybreak.users u on u.id = w.owner_id
join daybreak.workspace_builds b on b.id = a.build_id
where a.id = :id and a.deleted_at is null;

-- listAgentScripts :many
select id, log_source_id, agent_id, position, display_name, icon, script, cron, run_on_start, run_on_stop,
    start_blocks_login, timeout_seconds
from daybreak.workspace_agent_scripts where agent_id = any(:agentIds)
order by agent_id, position;

-- findAgent :maybe
-- not null: owner_id, organization_id
select a.id, a.workspace_id, w.owner_id, w.organization_id
from daybreak.workspace_agents a join daybreak.workspaces w on w.id = a.workspace_id
where a.id = :id;

-- connectAgent :exec
-- nullable params: version
update daybreak.workspace_agents set first_connected_at = coalesce(first_connected_at, clock_timestamp()),
    last_connected_at = clock_timestamp(),
  disconnected_at = null, version = coalesce(:version::text, version), updated_at = clock_timestamp()
where id = :id and deleted_at is null;

-- beatAgents :exec
-- Many heartbeats in one statement; those that were away are answered one by one instead. It waits for nobody, so it is
-- part of no deadlock: an agent that is written to at this moment beats again in time.
update daybreak.workspace_agents set last_connected_at = clock_timestamp()
where id = any(array(
  select a.id from daybreak.workspace_agents a
  where a.id = any(:ids) and a.deleted_at is null and a.disconnected_at is null
  for no key update skip locked));

-- reportLifecycle :exec
update daybreak.workspace_agents set lifecycle_state = :state::text, updated_at = clock_timestamp(),
  started_at = case when :state::text = 'starting' then clock_timestamp() else started_at end,
  ready_at = case when :state::text in ('ready', 'start_error', 'start_timeout') then clock_timestamp()
    when :state::text = 'starting' then null else ready_at end
where id = :id and deleted_at is null;

-- acknowledgeGeneration :maybe
-- Repeating it changes nothing; a generation that was never announced is refused.
update daybreak.workspace_agents set acknowledged_generation = :generation::integer,
    acknowledged_at = clock_timestamp(), updated_at = clock_timestamp()
where id = :id and deleted_at is null and acknowledged_generation < :generation::integer
    and reinit_generation >= :generation::integer
returning id;


-- disconnectAgent :exec
-- Only while it is still silent: a heartbeat may have come since the list was read.
update daybreak.workspace_agents set disconnected_at = clock_timestamp(), updated_at = clock_timestamp()
where id = :id and deleted_at is null and disconnected_at is null
  and last_connected_at < clock_timestamp() - make_interval(secs => :silentSeconds);

-- loseAgents :exec
-- Its process ended: nothing it said holds any longer. A new process of the same build says it again.
update daybreak.workspace_agents set disconnected_at = clock_timestamp(), lifecycle_state = 'created', ready_at = null,
    updated_at = clock_timestamp()
where workspace_id = :workspaceId and deleted_at is null;

-- insertAgentLogs :one
-- Stores lines while the agent's allowance lasts; false when it is used up.
-- not null: stored
with allowance as (
  update daybreak.workspace_agents set logs_length = least(logs_length + :length::integer, 1048576),
    logs_overflowed = logs_overflowed or logs_length + :length::integer > 1048576
  where id = :agentId::uuid and deleted_at is null and not logs_overflowed
  returning id, logs_overflowed),
kept as (
  insert into daybreak.workspace_agent_logs (agent_id, log_source_id, created_at, level, output)
  select allowance.id, :logSourceId, l.created_at, l.level, l.output
  from allowance, jsonb_to_recordset(:lines::jsonb) as l (created_at timestamptz, level text, output text)
  where not allowance.logs_overflowed)
select exists (select from allowance where not logs_overflowed) as stored;

-- listAgentLogs :many
select id, created_at, level, output, log_source_id from daybreak.workspace_agent_logs
where agent_id = :agentId and id > :after
order by id
limit :limit;

-- listWantedWorkspaces :many
-- What should be running on a host: the latest build is a start that did not fail, and it is not kept as evidence only.
-- not null: workspace_name, owner_name, build_id
select w.id as workspace_id, b.id as build_id, w.name as workspace_name, u.username as owner_name, v.manifest
from daybreak.workspaces w
join daybreak.workspace_builds b on b.id = w.latest_build_id
join daybreak.provisioner_jobs j on j.id = b.job_id
join daybreak.users u on u.id = w.owner_id
join daybreak.template_versions v on v.id = b.template_version_id
where w.deleted_at is null and w.host = :host and b.transition = 'start' and j.job_status = 'succeeded'
    and w.id > :after
  and not exists (select from daybreak.prebuild_pool p where p.workspace_id = w.id and p.state in ('failed',
      'deleting'))
order by w.id
limit :limit;
