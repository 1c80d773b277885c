-- claimPrebuild :maybe prepared
-- Hands one ready prebuild to a user, with every row that belongs to it, in one statement: atomic without a BEGIN. The
-- pick reads the pool alone, in index order, so it stops at the first row that nobody else holds. Everything later
-- hangs on the owner guard in `claimed`, so that a row whose owner is not the system user changes nothing.
-- nullable params: idempotencyKey, requestHash, address
-- not null: workspace_id
with pick as materialized (
  select p.workspace_id
  from daybreak.prebuild_pool p
  where p.template_id = :templateId::uuid and p.preset_key = :presetKey and p.state = 'ready'
    and p.template_version_id = any(:claimable)
    and p.created_at > :notBefore
  order by p.ready_at, p.workspace_id
  limit 1
  for update skip locked),
claimed as (
  update daybreak.workspaces w set owner_id = :userId::uuid, name = :name, claimed_at = :now::timestamptz,
    claimed_from_preset_id = :presetId::uuid, last_used_at = :now::timestamptz, updated_at = :now::timestamptz,
    latest_build_id = :buildId::uuid, dormant_at = null, deleting_at = null
  from pick where w.id = pick.workspace_id and w.owner_id = daybreak.system_user_id()
  returning w.id, w.organization_id, old.latest_build_id as previous_build_id, old.owner_id as previous_owner_id,
    old.name as previous_name),
left_pool as (
  delete from daybreak.prebuild_pool p using claimed where p.workspace_id = claimed.id),
job as (
  insert into daybreak.provisioner_jobs (id, organization_id, initiator_id, provisioner, type, workspace_id,
    created_at, updated_at, started_at, completed_at)
  select :jobId::uuid, claimed.organization_id, :userId::uuid, :provisioner, 'workspace_build', claimed.id,
    :now::timestamptz, :now::timestamptz, :now::timestamptz, :now::timestamptz
  from claimed),
build as (
  insert into daybreak.workspace_builds (id, workspace_id, build_number, transition, reason, stage, initiator_id,
    job_id, resources_job_id, template_version_id, preset_id, created_at, updated_at)
  select :buildId::uuid, claimed.id, b.build_number + 1, 'start', 'prebuild_claim', 'claim', :userId::uuid,
    :jobId::uuid, b.resources_job_id, b.template_version_id, :presetId::uuid, :now::timestamptz, :now::timestamptz
  from claimed join daybreak.workspace_builds b on b.id = claimed.previous_build_id),
superseded as (
  update daybreak.workspace_agents a set deleted_at = :now::timestamptz, updated_at = :now::timestamptz
  from claimed where a.workspace_id = claimed.id and a.deleted_at is null
  returning a.*),
agents as (
  insert into daybreak.workspace_agents (id, definition_id, workspace_id, build_id, resource_id, parent_id, name,
    token_hash, token_sealed, operating_system, architecture, directory, environment_variables,
    connection_timeout_seconds, version, first_connected_at, last_connected_at, disconnected_at, reinit_generation,
    acknowledged_generation, created_at, updated_at)
  select uuidv7(), definition_id, workspace_id, :buildId::uuid, resource_id, null, name,
    token_hash, token_sealed, operating_system, architecture, directory, environment_variables,
    connection_timeout_seconds, version, first_connected_at, last_connected_at, disconnected_at, reinit_generation + 1,
    acknowledged_generation, :now::timestamptz, :now::timestamptz
  from superseded where parent_id is null),
claim as (
  insert into daybreak.workspace_claims (workspace_id, preset_id, claimed_by, claimed_at, claim_build_id, state)
  select claimed.id, :presetId::uuid, :userId::uuid, :now::timestamptz, :buildId::uuid, 'done' from claimed),
wake as (
  insert into daybreak.preset_wakes (preset_id, cause, actor_id, at)
  select :presetId::uuid, 'claim', :userId::uuid, :now::timestamptz from claimed),
once as (
  insert into daybreak.idempotency_keys (user_id, key, request_hash, workspace_id, created_at)
  select :actorId, :idempotencyKey::text, :requestHash::bytea, claimed.id, :now::timestamptz
  from claimed where :idempotencyKey::text is not null),
audited as (
  insert into daybreak.audit_log (actor_id, organization_id, action, target_type, target_id, target_name, before, after,
    request_id, address, user_agent)
  select :actorId, claimed.organization_id, 'claim', 'workspace', claimed.id::text, :name,
    jsonb_build_object('name', claimed.previous_name, 'owner_id', claimed.previous_owner_id),
    jsonb_build_object('name', :name::text, 'owner_id', :userId::uuid, 'preset_id', :presetId::uuid),
    :requestId, :address::text::inet, :userAgent
  from claimed)
select claimed.id as workspace_id from claimed;

-- countClaimable :one
-- Tells a miss because the pool is empty from one because others hold every row at this moment.
-- not null: ready
select count(*)::integer as ready from (
  select from daybreak.prebuild_pool p
  where p.template_id = :templateId and p.preset_key = :presetKey and p.state = 'ready'
    and p.template_version_id = any(:claimable) and p.created_at > :notBefore
  limit 1) as any_row;

-- notifyReinit :exec
-- After the commit: the agents hear of their new owner, wherever they are connected.
select pg_notify('daybreak_reinit', workspace::text) from unnest(:workspaceIds::uuid[]) as workspace;

-- announceClaims :exec prepared
-- After the commits: agents hear of their new owners, watchers of the change, and each preset has one job waiting.
with told as (
  select pg_notify('daybreak_reinit', workspace::text), pg_notify('daybreak_workspace', workspace::text)
  from unnest(:workspaceIds::uuid[]) as workspace)
select count(*) from told
union all
select count(daybreak.enqueue(
  :task, json_build_object('presetId', preset), 'preset:' || preset, null, :maxAttempts, null))
from unnest(:presetIds::uuid[]) as preset;

-- insertEvent :exec
-- nullable params: workspaceId, userId
insert into daybreak.prebuild_events (preset_id, kind, workspace_id, user_id, detail, at)
values (:presetId, :kind, :workspaceId, :userId, :detail, clock_timestamp());

-- findIdempotencyKey :maybe
-- not null: from_pool
select k.request_hash, k.workspace_id,
  exists (select from daybreak.workspace_claims c where c.workspace_id = k.workspace_id) as from_pool
from daybreak.idempotency_keys k
where user_id = :userId and key = :key and created_at > clock_timestamp() - interval '24 hours';

-- insertIdempotencyKey :exec
insert into daybreak.idempotency_keys (user_id, key, request_hash, workspace_id)
values (:userId, :key, :requestHash, :workspaceId);

-- deleteOldIdempotencyKeys :exec
delete from daybreak.idempotency_keys where created_at < clock_timestamp() - interval '24 hours';
