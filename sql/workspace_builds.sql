-- insertBuild :one
-- A build with its job, as the latest of its workspace, whose row the caller has locked or just made.
-- nullable params: host, presetId
-- not null: id, job_id, build_number
with job as (
  insert into daybreak.provisioner_jobs (organization_id, initiator_id, provisioner, type, workspace_id, priority, tags)
  values (:organizationId, :initiatorId::uuid, :provisioner, 'workspace_build', :workspaceId::uuid, :priority,
    jsonb_strip_nulls(jsonb_build_object('scope', 'organization', 'owner', '', 'host', :host::text)))
  returning id),
build as (
  insert into daybreak.workspace_builds (workspace_id, build_number, transition, reason, stage, initiator_id, job_id, resources_job_id,
    template_version_id, preset_id)
  select :workspaceId::uuid, coalesce((select b.build_number from daybreak.workspaces w join daybreak.workspace_builds b on b.id = w.latest_build_id
      where w.id = :workspaceId::uuid), 0) + 1,
    :transition, :reason, :stage, :initiatorId::uuid, job.id, job.id, :templateVersionId, :presetId::uuid
  from job
  returning id, job_id, build_number),
latest as (
  update daybreak.workspaces w set latest_build_id = build.id, updated_at = clock_timestamp()
  from build where w.id = :workspaceId::uuid)
select id, job_id, build_number from build;

-- insertBuildParameters :exec
insert into daybreak.workspace_build_parameters (build_id, name, value)
select :buildId, p.key, p.value from jsonb_each_text(:parameters::jsonb) as p;

-- copyBuildParameters :exec
-- What the workspace had before, for a build that does not change it.
insert into daybreak.workspace_build_parameters (build_id, name, value)
select :buildId, name, value from daybreak.workspace_build_parameters where build_id = :fromBuildId;

-- listBuildParameters :many
select name, value from daybreak.workspace_build_parameters where build_id = :buildId order by name;

-- findBuildForProvision :maybe
-- What a driver needs of a build, by its job.
-- not null: workspace_name, owner_id, owner_name, organization_id, template_id
select b.id, b.build_number, b.transition, b.stage, b.workspace_id, b.preset_id, b.template_version_id, v.manifest, w.name as workspace_name,
  w.owner_id, u.username as owner_name, w.organization_id, w.template_id, w.host
from daybreak.workspace_builds b
join daybreak.workspaces w on w.id = b.workspace_id
join daybreak.users u on u.id = w.owner_id
join daybreak.template_versions v on v.id = b.template_version_id
where b.job_id = :jobId;

-- listBuildIds :many
select id from daybreak.workspace_builds where workspace_id = :workspaceId order by build_number desc limit :limit offset :offset;

-- findBuildIdByNumber :maybe
select id from daybreak.workspace_builds where workspace_id = :workspaceId and build_number = :buildNumber;

-- readBuilds :many prepared
select b.id, b.created_at, b.updated_at, b.workspace_id, w.name as workspace_name, w.owner_id as workspace_owner_id,
  o.username as workspace_owner_name, b.template_version_id, v.name as template_version_name, b.build_number, b.transition, b.reason, b.stage,
  b.initiator_id, i.username as initiator_name, b.job_id, b.resources_job_id, b.preset_id, b.deadline, b.max_deadline, b.daily_cost,
  j.job_status, j.created_at as job_created_at, j.started_at, j.completed_at, j.canceled_at, j.error, j.error_code, j.worker_id, j.tags,
  j.type as job_type, j.provisioner, j.logs_overflowed, w.organization_id, w.template_id, t.name as template_name,
  t.display_name as template_display_name, t.icon as template_icon
from daybreak.workspace_builds b
join daybreak.workspaces w on w.id = b.workspace_id
join daybreak.users o on o.id = w.owner_id
join daybreak.template_versions v on v.id = b.template_version_id
join daybreak.templates t on t.id = w.template_id
join daybreak.provisioner_jobs j on j.id = b.job_id
join daybreak.users i on i.id = b.initiator_id
where b.id = any(:ids);

-- listBuildParts :many prepared
-- The resources of builds, and their live agents with scripts, in the wire's words: one statement for any number of builds.
-- not null: id, resources, agents
select b.id,
  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'created_at', r.created_at, 'job_id', r.job_id,
      'workspace_transition', r.transition, 'type', r.type, 'name', r.name, 'hide', r.hide, 'icon', r.icon, 'daily_cost', r.daily_cost)
      order by r.id), '[]')
    from daybreak.workspace_resources r where r.job_id = b.resources_job_id) as resources,
  (select coalesce(jsonb_agg(to_jsonb(a) - 'token_hash' - 'token_sealed' || jsonb_build_object(
      'overdue', a.created_at + make_interval(secs => a.connection_timeout_seconds) < clock_timestamp(),
      'scripts', (select coalesce(jsonb_agg(to_jsonb(s) order by s.position), '[]')
        from daybreak.workspace_agent_scripts s where s.agent_id = a.definition_id)) order by a.name), '[]')
    from daybreak.workspace_agents a where a.workspace_id = b.workspace_id and a.build_id = b.id and a.deleted_at is null) as agents
from daybreak.workspace_builds b
where b.id = any(:ids);

-- insertResource :one
insert into daybreak.workspace_resources (job_id, transition, type, name) values (:jobId, 'start', :type, :name) returning id;
