// Generated from feed.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array } from './values.ts'

const findFeedStartRow = z.object({ lastLogId: z.int(), lastAgentLogId: z.int() })
export type FindFeedStartRow = z.infer<typeof findFeedStartRow>

/** Where a feed that begins now begins. */
export async function findFeedStart(db: CommonQueryMethods): Promise<FindFeedStartRow> {
  return await db.one(sql.type(findFeedStartRow)`
    select coalesce((select max(id) from daybreak.provisioner_job_logs), 0) as last_log_id,
      coalesce((select max(id) from daybreak.workspace_agent_logs), 0) as last_agent_log_id`)
}

const listFeedLinesRow = z.object({ id: z.int(), createdAt: z.date(), level: z.string(), output: z.string(), workspaceId: z.guid().nullable(), workspaceName: z.string(), ownerName: z.string(), presetName: z.string().nullable(), transition: z.string().nullable() })
export type ListFeedLinesRow = z.infer<typeof listFeedLinesRow>

/** What builds wrote since a line, with what they build. */
export async function listFeedLines(db: CommonQueryMethods, params: { after: number; limit: number }): Promise<readonly ListFeedLinesRow[]> {
  return await db.any(sql.type(listFeedLinesRow)`
    select l.id, l.created_at, l.level, l.output, w.id as workspace_id, w.name as workspace_name, u.username as owner_name,
      p.name as preset_name, b.transition
    from daybreak.provisioner_job_logs l
    join daybreak.workspace_builds b on b.job_id = l.job_id
    join daybreak.workspaces w on w.id = b.workspace_id
    join daybreak.users u on u.id = w.owner_id
    left join daybreak.template_version_presets p on p.id = b.preset_id
    where l.id > ${params.after}
    order by l.id
    limit ${params.limit}`)
}

const listFeedAgentLinesRow = z.object({ id: z.int(), createdAt: z.date(), level: z.string(), output: z.string(), workspaceId: z.guid(), workspaceName: z.string(), ownerName: z.string(), presetName: z.string().nullable() })
export type ListFeedAgentLinesRow = z.infer<typeof listFeedAgentLinesRow>

/** What the scripts of agents wrote since a line. */
export async function listFeedAgentLines(db: CommonQueryMethods, params: { after: number; limit: number }): Promise<readonly ListFeedAgentLinesRow[]> {
  return await db.any(sql.type(listFeedAgentLinesRow)`
    select l.id, l.created_at, l.level, l.output, a.workspace_id, w.name as workspace_name, u.username as owner_name, p.name
        as preset_name
    from daybreak.workspace_agent_logs l
    join daybreak.workspace_agents a on a.id = l.agent_id
    join daybreak.workspaces w on w.id = a.workspace_id
    join daybreak.users u on u.id = w.owner_id
    join daybreak.workspace_builds b on b.id = a.build_id
    left join daybreak.template_version_presets p on p.id = b.preset_id
    where l.id > ${params.after}
    order by l.id
    limit ${params.limit}`)
}

const listFeedStatesRow = z.object({ id: z.guid(), name: z.string(), ownerName: z.string(), claimedAt: z.date().nullable(), deletedAt: z.date().nullable(), presetName: z.string().nullable(), poolState: z.string().nullable(), buildNumber: z.int(), transition: z.string(), jobStatus: z.string(), error: z.string(), lifecycleState: z.string().nullable(), firstConnectedAt: z.date().nullable(), disconnectedAt: z.date().nullable(), reinitGeneration: z.int().nullable(), acknowledgedGeneration: z.int().nullable() })
export type ListFeedStatesRow = z.infer<typeof listFeedStatesRow>

/** How workspaces are that changed since an instant. */
export async function listFeedStates(db: CommonQueryMethods, params: { ids: readonly string[] }): Promise<readonly ListFeedStatesRow[]> {
  return await db.any(sql.type(listFeedStatesRow)`
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
    where w.id = any(${array(params.ids, 'uuid')})`)
}
