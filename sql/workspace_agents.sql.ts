// Generated from workspace_agents.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, bytes, json, prepared, type Json } from './values.ts'

export async function insertAgent(db: CommonQueryMethods, params: { id: string; workspaceId: string; buildId: string; resourceId: string; name: string; tokenHash: Buffer; tokenSealed: Buffer; operatingSystem: string; architecture: string; directory: string; environmentVariables: Json; connectionTimeoutSeconds: number }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.workspace_agents (id, definition_id, workspace_id, build_id, resource_id, name, token_hash,
        token_sealed,
      operating_system, architecture, directory, environment_variables, connection_timeout_seconds)
    values (${params.id}::uuid, ${params.id}::uuid, ${params.workspaceId}, ${params.buildId}, ${params.resourceId}, ${params.name}, ${bytes(params.tokenHash)}, ${bytes(params.tokenSealed)},
      ${params.operatingSystem}, ${params.architecture}, ${params.directory}, ${json(params.environmentVariables)}, ${params.connectionTimeoutSeconds})`)
  return rowCount
}

export async function insertAgentScripts(db: CommonQueryMethods, params: { agentId: string; scripts: Json }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.workspace_agent_scripts (agent_id, position, display_name, icon, script, cron, run_on_start,
        run_on_stop,
      start_blocks_login, timeout_seconds)
    select ${params.agentId}, s.position, s.display_name, s.icon, s.script, s.cron, s.run_on_start, s.run_on_stop,
        s.start_blocks_login, s.timeout
    from jsonb_to_recordset(${json(params.scripts)}::jsonb) as s (position integer, display_name text, icon text, script text, cron text,
      run_on_start boolean, run_on_stop boolean, start_blocks_login boolean, timeout integer)`)
  return rowCount
}

const listCredentialsRow = z.object({ id: z.guid(), definitionId: z.guid(), buildId: z.guid(), name: z.string(), tokenSealed: z.instanceof(Buffer) })
export type ListCredentialsRow = z.infer<typeof listCredentialsRow>

/** Live agents of a workspace with what a driver needs to start them. */
export async function listCredentials(db: CommonQueryMethods, params: { workspaceId: string }): Promise<readonly ListCredentialsRow[]> {
  return await db.any(sql.type(listCredentialsRow)`
    select id, definition_id, build_id, name, token_sealed from daybreak.workspace_agents
    where workspace_id = ${params.workspaceId} and deleted_at is null order by name`)
}

/** A workspace has the agents of one build. */
export async function deleteOtherAgents(db: CommonQueryMethods, params: { workspaceId: string; buildId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.workspace_agents set deleted_at = clock_timestamp(), updated_at = clock_timestamp()
    where workspace_id = ${params.workspaceId} and build_id <> ${params.buildId} and deleted_at is null`)
  return rowCount
}

export async function deleteAgents(db: CommonQueryMethods, params: { workspaceId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.workspace_agents set deleted_at = clock_timestamp(), updated_at = clock_timestamp()
    where workspace_id = ${params.workspaceId} and deleted_at is null`)
  return rowCount
}

const findAgentByTokenRow = z.object({ id: z.guid(), definitionId: z.guid(), workspaceId: z.guid(), buildId: z.guid(), name: z.string(), reinitGeneration: z.int(), acknowledgedGeneration: z.int(), lifecycleState: z.string(), firstConnectedAt: z.date().nullable(), disconnectedAt: z.date().nullable(), ownerId: z.guid() })
export type FindAgentByTokenRow = z.infer<typeof findAgentByTokenRow>

export async function findAgentByToken(db: CommonQueryMethods, params: { tokenHash: Buffer }): Promise<FindAgentByTokenRow | null> {
  return await db.maybeOne(prepared('findAgentByToken', findAgentByTokenRow)`
    select a.id, a.definition_id, a.workspace_id, a.build_id, a.name, a.reinit_generation, a.acknowledged_generation,
        a.lifecycle_state,
      a.first_connected_at, a.disconnected_at, w.owner_id
    from daybreak.workspace_agents a
    join daybreak.workspaces w on w.id = a.workspace_id
    where a.token_hash = ${bytes(params.tokenHash)} and a.deleted_at is null`)
}

const readAgentManifestRow = z.object({ id: z.guid(), definitionId: z.guid(), name: z.string(), workspaceId: z.guid(), reinitGeneration: z.int(), directory: z.string(), environmentVariables: z.unknown(), workspaceName: z.string(), ownerId: z.guid(), ownerUsername: z.string(), stage: z.string() })
export type ReadAgentManifestRow = z.infer<typeof readAgentManifestRow>

export async function readAgentManifest(db: CommonQueryMethods, params: { id: string }): Promise<ReadAgentManifestRow | null> {
  return await db.maybeOne(sql.type(readAgentManifestRow)`
    select a.id, a.definition_id, a.name, a.workspace_id, a.reinit_generation, a.directory, a.environment_variables, w.name
        as workspace_name,
      w.owner_id, u.username as owner_username, b.stage
    from daybreak.workspace_agents a
    join daybreak.workspaces w on w.id = a.workspace_id
    join daybreak.users u on u.id = w.owner_id
    join daybreak.workspace_builds b on b.id = a.build_id
    where a.id = ${params.id} and a.deleted_at is null`)
}

const listAgentScriptsRow = z.object({ id: z.guid(), logSourceId: z.guid(), agentId: z.guid(), position: z.int(), displayName: z.string(), icon: z.string(), script: z.string(), cron: z.string(), runOnStart: z.boolean(), runOnStop: z.boolean(), startBlocksLogin: z.boolean(), timeoutSeconds: z.int() })
export type ListAgentScriptsRow = z.infer<typeof listAgentScriptsRow>

export async function listAgentScripts(db: CommonQueryMethods, params: { agentIds: readonly string[] }): Promise<readonly ListAgentScriptsRow[]> {
  return await db.any(sql.type(listAgentScriptsRow)`
    select id, log_source_id, agent_id, position, display_name, icon, script, cron, run_on_start, run_on_stop,
        start_blocks_login, timeout_seconds
    from daybreak.workspace_agent_scripts where agent_id = any(${array(params.agentIds, 'uuid')})
    order by agent_id, position`)
}

const findAgentRow = z.object({ id: z.guid(), workspaceId: z.guid(), ownerId: z.guid(), organizationId: z.guid() })
export type FindAgentRow = z.infer<typeof findAgentRow>

export async function findAgent(db: CommonQueryMethods, params: { id: string }): Promise<FindAgentRow | null> {
  return await db.maybeOne(sql.type(findAgentRow)`
    select a.id, a.workspace_id, w.owner_id, w.organization_id
    from daybreak.workspace_agents a join daybreak.workspaces w on w.id = a.workspace_id
    where a.id = ${params.id}`)
}

export async function connectAgent(db: CommonQueryMethods, params: { version: string | null; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.workspace_agents set first_connected_at = coalesce(first_connected_at, clock_timestamp()),
        last_connected_at = clock_timestamp(),
      disconnected_at = null, version = coalesce(${params.version}::text, version), updated_at = clock_timestamp()
    where id = ${params.id} and deleted_at is null`)
  return rowCount
}

/** Many heartbeats in one statement; those that were away are answered one by one instead. It waits for nobody, so it is part of no deadlock: an agent that is written to at this moment beats again in time. */
export async function beatAgents(db: CommonQueryMethods, params: { ids: readonly string[] }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.workspace_agents set last_connected_at = clock_timestamp()
    where id = any(array(
      select a.id from daybreak.workspace_agents a
      where a.id = any(${array(params.ids, 'uuid')}) and a.deleted_at is null and a.disconnected_at is null
      for no key update skip locked))`)
  return rowCount
}

export async function reportLifecycle(db: CommonQueryMethods, params: { state: string; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.workspace_agents set lifecycle_state = ${params.state}::text, updated_at = clock_timestamp(),
      started_at = case when ${params.state}::text = 'starting' then clock_timestamp() else started_at end,
      ready_at = case when ${params.state}::text in ('ready', 'start_error', 'start_timeout') then clock_timestamp()
        when ${params.state}::text = 'starting' then null else ready_at end
    where id = ${params.id} and deleted_at is null`)
  return rowCount
}

const acknowledgeGenerationRow = z.object({ id: z.guid() })
export type AcknowledgeGenerationRow = z.infer<typeof acknowledgeGenerationRow>

/** Repeating it changes nothing; a generation that was never announced is refused. */
export async function acknowledgeGeneration(db: CommonQueryMethods, params: { generation: number; id: string }): Promise<AcknowledgeGenerationRow | null> {
  return await db.maybeOne(sql.type(acknowledgeGenerationRow)`
    update daybreak.workspace_agents set acknowledged_generation = ${params.generation}::integer,
        acknowledged_at = clock_timestamp(), updated_at = clock_timestamp()
    where id = ${params.id} and deleted_at is null and acknowledged_generation < ${params.generation}::integer
        and reinit_generation >= ${params.generation}::integer
    returning id`)
}

/** Only while it is still silent: a heartbeat may have come since the list was read. */
export async function disconnectAgent(db: CommonQueryMethods, params: { id: string; silentSeconds: number }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.workspace_agents set disconnected_at = clock_timestamp(), updated_at = clock_timestamp()
    where id = ${params.id} and deleted_at is null and disconnected_at is null
      and last_connected_at < clock_timestamp() - make_interval(secs => ${params.silentSeconds})`)
  return rowCount
}

/** Its process ended: nothing it said holds any longer. A new process of the same build says it again. */
export async function loseAgents(db: CommonQueryMethods, params: { workspaceId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.workspace_agents set disconnected_at = clock_timestamp(), lifecycle_state = 'created', ready_at = null,
        updated_at = clock_timestamp()
    where workspace_id = ${params.workspaceId} and deleted_at is null`)
  return rowCount
}

const insertAgentLogsRow = z.object({ stored: z.boolean() })
export type InsertAgentLogsRow = z.infer<typeof insertAgentLogsRow>

/** Stores lines while the agent's allowance lasts; false when it is used up. */
export async function insertAgentLogs(db: CommonQueryMethods, params: { length: number; agentId: string; logSourceId: string; lines: Json }): Promise<InsertAgentLogsRow> {
  return await db.one(sql.type(insertAgentLogsRow)`
    with allowance as (
      update daybreak.workspace_agents set logs_length = least(logs_length + ${params.length}::integer, 1048576),
        logs_overflowed = logs_overflowed or logs_length + ${params.length}::integer > 1048576
      where id = ${params.agentId}::uuid and deleted_at is null and not logs_overflowed
      returning id, logs_overflowed),
    kept as (
      insert into daybreak.workspace_agent_logs (agent_id, log_source_id, created_at, level, output)
      select allowance.id, ${params.logSourceId}, l.created_at, l.level, l.output
      from allowance, jsonb_to_recordset(${json(params.lines)}::jsonb) as l (created_at timestamptz, level text, output text)
      where not allowance.logs_overflowed)
    select exists (select from allowance where not logs_overflowed) as stored`)
}

const listAgentLogsRow = z.object({ id: z.int(), createdAt: z.date(), level: z.string(), output: z.string(), logSourceId: z.guid() })
export type ListAgentLogsRow = z.infer<typeof listAgentLogsRow>

export async function listAgentLogs(db: CommonQueryMethods, params: { agentId: string; after: number; limit: number }): Promise<readonly ListAgentLogsRow[]> {
  return await db.any(sql.type(listAgentLogsRow)`
    select id, created_at, level, output, log_source_id from daybreak.workspace_agent_logs
    where agent_id = ${params.agentId} and id > ${params.after}
    order by id
    limit ${params.limit}`)
}

const listWantedWorkspacesRow = z.object({ workspaceId: z.guid(), buildId: z.guid(), workspaceName: z.string(), ownerName: z.string(), manifest: z.unknown().nullable() })
export type ListWantedWorkspacesRow = z.infer<typeof listWantedWorkspacesRow>

/** What should be running on a host: the latest build is a start that did not fail, and it is not kept as evidence only. */
export async function listWantedWorkspaces(db: CommonQueryMethods, params: { host: string; after: string; limit: number }): Promise<readonly ListWantedWorkspacesRow[]> {
  return await db.any(sql.type(listWantedWorkspacesRow)`
    select w.id as workspace_id, b.id as build_id, w.name as workspace_name, u.username as owner_name, v.manifest
    from daybreak.workspaces w
    join daybreak.workspace_builds b on b.id = w.latest_build_id
    join daybreak.provisioner_jobs j on j.id = b.job_id
    join daybreak.users u on u.id = w.owner_id
    join daybreak.template_versions v on v.id = b.template_version_id
    where w.deleted_at is null and w.host = ${params.host} and b.transition = 'start' and j.job_status = 'succeeded'
        and w.id > ${params.after}
      and not exists (select from daybreak.prebuild_pool p where p.workspace_id = w.id and p.state in ('failed',
          'deleting'))
    order by w.id
    limit ${params.limit}`)
}
