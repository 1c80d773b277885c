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
  insert into daybreak.workspace_builds (workspace_id, build_number, transition, reason, stage, initiator_id, job_id,
      resources_job_id,
    template_version_id, preset_id)
  select :workspaceId::uuid, coalesce((select b.build_number from daybreak.workspaces w join daybreak.workspace_builds b
      on b.id = w.latest_build_id
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
select b.id, b.build_number, b.transition, b.stage, b.workspace_id, b.preset_id, b.template_version_id, v.manifest,
    w.name as workspace_name,
  w.owner_id, u.username as owner_name, w.organization_id, w.template_id, w.host
from daybreak.workspace_builds b
join daybreak.workspaces w on w.id = b.workspace_id
join daybreak.users u on u.id = w.owner_id
join daybreak.template_versions v on v.id = b.template_version_id
where b.job_id = :jobId;

-- listBuildIds :many
select id from daybreak.workspace_builds where workspace_id = :workspaceId
    order by build_number desc limit :limit offset :offset;

-- readBuilds :many prepared
-- Builds as the wire shows them.
-- nullable: preset_id, deadline, max_deadline, started_at, completed_at, canceled_at, worker_id, workspace_deleted_at
-- nullable: autostart_schedule, ttl_seconds, next_start_at, dormant_at, deleting_at, latest_build_id
select * from daybreak.wire_builds where id = any(:ids);

-- readLatestBuilds :many prepared
-- The latest build of each workspace: with it everything that the wire shows of the workspace.
-- nullable: preset_id, deadline, max_deadline, started_at, completed_at, canceled_at, worker_id, workspace_deleted_at
-- nullable: autostart_schedule, ttl_seconds, next_start_at, dormant_at, deleting_at, latest_build_id
select * from daybreak.wire_builds where id = any(array(
  select x.latest_build_id from daybreak.workspaces x where x.id = any(:workspaceIds)));

-- readLatestBuild :maybe prepared
-- The same of one workspace: of a single key PostgreSQL plans once for all, of an array each time, eight joins deep.
-- nullable: preset_id, deadline, max_deadline, started_at, completed_at, canceled_at, worker_id, workspace_deleted_at
-- nullable: autostart_schedule, ttl_seconds, next_start_at, dormant_at, deleting_at, latest_build_id
select * from daybreak.wire_builds where id = (
  select x.latest_build_id from daybreak.workspaces x where x.id = :workspaceId);

-- findBuild :maybe
select id, workspace_id, job_id, build_number from daybreak.workspace_builds where id = :id;

-- insertResource :one
insert into daybreak.workspace_resources (job_id, transition, type, name) values (:jobId, 'start', :type, :name)
    returning id;
