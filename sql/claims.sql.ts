// Generated from claims.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, bytes, time, prepared } from './values.ts'

const claimPrebuildRow = z.object({ workspaceId: z.guid() })
export type ClaimPrebuildRow = z.infer<typeof claimPrebuildRow>

/** Hands one ready prebuild to a user, with every row that belongs to it, in one statement: atomic without a BEGIN. The pick reads the pool alone, in index order, so it stops at the first row that nobody else holds. Everything later hangs on the owner guard in `claimed`, so that a row whose owner is not the system user changes nothing. */
export async function claimPrebuild(db: CommonQueryMethods, params: { templateId: string; presetKey: string; claimable: readonly string[]; notBefore: Date; userId: string; name: string; now: Date; presetId: string; buildId: string; jobId: string; provisioner: string; actorId: string; idempotencyKey: string | null; requestHash: Buffer | null; requestId: string; address: string | null; userAgent: string }): Promise<ClaimPrebuildRow | null> {
  return await db.maybeOne(prepared('claimPrebuild', claimPrebuildRow)`
    with pick as materialized (
      select p.workspace_id
      from daybreak.prebuild_pool p
      where p.template_id = ${params.templateId}::uuid and p.preset_key = ${params.presetKey} and p.state = 'ready'
        and p.template_version_id = any(${array(params.claimable, 'uuid')})
        and p.created_at > ${time(params.notBefore)}
      order by p.ready_at, p.workspace_id
      limit 1
      for update skip locked),
    claimed as (
      update daybreak.workspaces w set owner_id = ${params.userId}::uuid, name = ${params.name}, claimed_at = ${time(params.now)}::timestamptz,
        claimed_from_preset_id = ${params.presetId}::uuid, last_used_at = ${time(params.now)}::timestamptz, updated_at = ${time(params.now)}::timestamptz,
        latest_build_id = ${params.buildId}::uuid, dormant_at = null, deleting_at = null
      from pick where w.id = pick.workspace_id and w.owner_id = daybreak.system_user_id()
      returning w.id, w.organization_id, old.latest_build_id as previous_build_id, old.owner_id as previous_owner_id,
        old.name as previous_name),
    left_pool as (
      delete from daybreak.prebuild_pool p using claimed where p.workspace_id = claimed.id),
    job as (
      insert into daybreak.provisioner_jobs (id, organization_id, initiator_id, provisioner, type, workspace_id,
        created_at, updated_at, started_at, completed_at)
      select ${params.jobId}::uuid, claimed.organization_id, ${params.userId}::uuid, ${params.provisioner}, 'workspace_build', claimed.id,
        ${time(params.now)}::timestamptz, ${time(params.now)}::timestamptz, ${time(params.now)}::timestamptz, ${time(params.now)}::timestamptz
      from claimed),
    build as (
      insert into daybreak.workspace_builds (id, workspace_id, build_number, transition, reason, stage, initiator_id,
        job_id, resources_job_id, template_version_id, preset_id, created_at, updated_at)
      select ${params.buildId}::uuid, claimed.id, b.build_number + 1, 'start', 'prebuild_claim', 'claim', ${params.userId}::uuid,
        ${params.jobId}::uuid, b.resources_job_id, b.template_version_id, ${params.presetId}::uuid, ${time(params.now)}::timestamptz, ${time(params.now)}::timestamptz
      from claimed join daybreak.workspace_builds b on b.id = claimed.previous_build_id),
    superseded as (
      update daybreak.workspace_agents a set deleted_at = ${time(params.now)}::timestamptz, updated_at = ${time(params.now)}::timestamptz
      from claimed where a.workspace_id = claimed.id and a.deleted_at is null
      returning a.*),
    agents as (
      insert into daybreak.workspace_agents (id, definition_id, workspace_id, build_id, resource_id, parent_id, name,
        token_hash, token_sealed, operating_system, architecture, directory, environment_variables,
        connection_timeout_seconds, version, first_connected_at, last_connected_at, disconnected_at, reinit_generation,
        acknowledged_generation, created_at, updated_at)
      select uuidv7(), definition_id, workspace_id, ${params.buildId}::uuid, resource_id, null, name,
        token_hash, token_sealed, operating_system, architecture, directory, environment_variables,
        connection_timeout_seconds, version, first_connected_at, last_connected_at, disconnected_at, reinit_generation + 1,
        acknowledged_generation, ${time(params.now)}::timestamptz, ${time(params.now)}::timestamptz
      from superseded where parent_id is null),
    claim as (
      insert into daybreak.workspace_claims (workspace_id, preset_id, claimed_by, claimed_at, claim_build_id, state)
      select claimed.id, ${params.presetId}::uuid, ${params.userId}::uuid, ${time(params.now)}::timestamptz, ${params.buildId}::uuid, 'done' from claimed),
    wake as (
      insert into daybreak.preset_wakes (preset_id, cause, actor_id, at)
      select ${params.presetId}::uuid, 'claim', ${params.userId}::uuid, ${time(params.now)}::timestamptz from claimed),
    once as (
      insert into daybreak.idempotency_keys (user_id, key, request_hash, workspace_id, created_at)
      select ${params.actorId}, ${params.idempotencyKey}::text, ${bytes(params.requestHash)}::bytea, claimed.id, ${time(params.now)}::timestamptz
      from claimed where ${params.idempotencyKey}::text is not null),
    audited as (
      insert into daybreak.audit_log (actor_id, organization_id, action, target_type, target_id, target_name, before, after,
        request_id, address, user_agent)
      select ${params.actorId}, claimed.organization_id, 'claim', 'workspace', claimed.id::text, ${params.name},
        jsonb_build_object('name', claimed.previous_name, 'owner_id', claimed.previous_owner_id),
        jsonb_build_object('name', ${params.name}::text, 'owner_id', ${params.userId}::uuid, 'preset_id', ${params.presetId}::uuid),
        ${params.requestId}, ${params.address}::text::inet, ${params.userAgent}
      from claimed)
    select claimed.id as workspace_id from claimed`)
}

const countClaimableRow = z.object({ ready: z.int() })
export type CountClaimableRow = z.infer<typeof countClaimableRow>

/** Tells a miss because the pool is empty from one because others hold every row at this moment. */
export async function countClaimable(db: CommonQueryMethods, params: { templateId: string; presetKey: string; claimable: readonly string[]; notBefore: Date }): Promise<CountClaimableRow> {
  return await db.one(sql.type(countClaimableRow)`
    select count(*)::integer as ready from (
      select from daybreak.prebuild_pool p
      where p.template_id = ${params.templateId} and p.preset_key = ${params.presetKey} and p.state = 'ready'
        and p.template_version_id = any(${array(params.claimable, 'uuid')}) and p.created_at > ${time(params.notBefore)}
      limit 1) as any_row`)
}

/** After the commit: the agents hear of their new owner, wherever they are connected. */
export async function notifyReinit(db: CommonQueryMethods, params: { workspaceIds: readonly string[] }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    select pg_notify('daybreak_reinit', workspace::text) from unnest(${array(params.workspaceIds, 'uuid')}::uuid[]) as workspace`)
  return rowCount
}

/** After the commits: agents hear of their new owners, watchers of the change, and each preset has one job waiting. */
export async function announceClaims(db: CommonQueryMethods, params: { workspaceIds: readonly string[]; task: string; maxAttempts: number; presetIds: readonly string[] }): Promise<number> {
  const { rowCount } = await db.query(prepared('announceClaims', z.unknown())`
    with told as (
      select pg_notify('daybreak_reinit', workspace::text), pg_notify('daybreak_workspace', workspace::text)
      from unnest(${array(params.workspaceIds, 'uuid')}::uuid[]) as workspace)
    select count(*) from told
    union all
    select count(daybreak.enqueue(
      ${params.task}, json_build_object('presetId', preset), 'preset:' || preset, null, ${params.maxAttempts}, null))
    from unnest(${array(params.presetIds, 'uuid')}::uuid[]) as preset`)
  return rowCount
}

export async function insertEvent(db: CommonQueryMethods, params: { presetId: string; kind: string; workspaceId: string | null; userId: string | null; detail: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.prebuild_events (preset_id, kind, workspace_id, user_id, detail, at)
    values (${params.presetId}, ${params.kind}, ${params.workspaceId}, ${params.userId}, ${params.detail}, clock_timestamp())`)
  return rowCount
}

const findIdempotencyKeyRow = z.object({ requestHash: z.instanceof(Buffer), workspaceId: z.guid(), fromPool: z.boolean() })
export type FindIdempotencyKeyRow = z.infer<typeof findIdempotencyKeyRow>

export async function findIdempotencyKey(db: CommonQueryMethods, params: { userId: string; key: string }): Promise<FindIdempotencyKeyRow | null> {
  return await db.maybeOne(sql.type(findIdempotencyKeyRow)`
    select k.request_hash, k.workspace_id,
      exists (select from daybreak.workspace_claims c where c.workspace_id = k.workspace_id) as from_pool
    from daybreak.idempotency_keys k
    where user_id = ${params.userId} and key = ${params.key} and created_at > clock_timestamp() - interval '24 hours'`)
}

export async function insertIdempotencyKey(db: CommonQueryMethods, params: { userId: string; key: string; requestHash: Buffer; workspaceId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.idempotency_keys (user_id, key, request_hash, workspace_id)
    values (${params.userId}, ${params.key}, ${bytes(params.requestHash)}, ${params.workspaceId})`)
  return rowCount
}

export async function deleteOldIdempotencyKeys(db: CommonQueryMethods): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.idempotency_keys where created_at < clock_timestamp() - interval '24 hours'`)
  return rowCount
}
