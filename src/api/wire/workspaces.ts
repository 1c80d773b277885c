// Reads workspaces and builds in the wire's shape: a fixed number of statements for any number of them.
import { z } from 'zod'
import type { Db } from '../../../sql/database.ts'
import { readBuilds, type ReadBuildsRow, readLatestBuild, readLatestBuilds } from '../../../sql/workspace_builds.sql.ts'
import { BUILD_STATUSES, type Workspace, WorkspaceBuild, WorkspaceResource } from '../../contract/workspaces.ts'
import { notFound } from '../../domain/refusals.ts'
import { SYSTEM_USER_ID } from '../../systemUser.ts'
import { AgentRow, agentShape } from './agents.ts'
import { provisionerJobShape } from './provisionerJob.ts'
import { iso, isoOrNull, timeIf } from './time.ts'

/** In the order of `ids`; those that are gone are left out. */
export async function workspaceShapes(db: Db, ids: readonly string[]): Promise<Workspace[]> {
  if (ids.length === 0) return []
  const rows = await readLatestBuilds(db, { workspaceIds: ids })
  const shapeOf = new Map(rows.map((row) => [row.workspaceId, workspaceShape(row)]))
  return ids.flatMap((id) => shapeOf.get(id) ?? [])
}

export async function oneWorkspace(db: Db, id: string): Promise<Workspace> {
  const row = await readLatestBuild(db, { workspaceId: id })
  if (!row) throw notFound()
  return workspaceShape(row)
}

export async function buildShapes(db: Db, ids: readonly string[]): Promise<WorkspaceBuild[]> {
  if (ids.length === 0) return []
  const shapeOf = new Map((await readBuilds(db, { ids })).map((row) => [row.id, buildShape(row)]))
  return ids.flatMap((id) => shapeOf.get(id) ?? [])
}

const Agents = z.array(AgentRow)
const Resources = z.array(WorkspaceResource.omit({ agents: true }))

function resourceShapes(row: ReadBuildsRow): WorkspaceBuild['resources'] {
  const agents = Agents.parse(row.agents).map(agentShape)
  return Resources.parse(row.resources).map((resource) => {
    const own = agents.filter(({ resource_id }) => resource_id === resource.id)
    return own.length === 0 ? resource : { ...resource, agents: own }
  })
}

function workspaceShape(row: ReadBuildsRow): Workspace {
  const build = buildShape(row)
  const agents = build.resources.flatMap((resource) => resource.agents ?? [])
  const failing = agents.filter(({ health }) => !health.healthy).map(({ id }) => id)
  return {
    id: row.workspaceId,
    created_at: iso(row.workspaceCreatedAt),
    updated_at: iso(row.workspaceUpdatedAt),
    owner_id: row.workspaceOwnerId,
    owner_name: row.workspaceOwnerName,
    owner_avatar_url: '',
    organization_id: row.organizationId,
    organization_name: row.organizationName,
    template_id: row.templateId,
    template_name: row.templateName,
    template_display_name: row.templateDisplayName,
    template_icon: row.templateIcon,
    template_allow_user_cancel_workspace_jobs: true,
    template_active_version_id: row.templateActiveVersionId,
    template_require_active_version: row.templateRequireActiveVersion,
    template_use_classic_parameter_flow: false,
    latest_build: build,
    latest_app_status: null,
    outdated: build.template_version_id !== row.templateActiveVersionId,
    name: row.workspaceName,
    ...(row.autostartSchedule === null ? {} : { autostart_schedule: row.autostartSchedule }),
    ...(row.ttlSeconds === null ? {} : { ttl_ms: row.ttlSeconds * 1000 }),
    last_used_at: iso(row.lastUsedAt),
    deleting_at: isoOrNull(row.deletingAt),
    dormant_at: isoOrNull(row.dormantAt),
    health: { healthy: failing.length === 0, failing_agents: failing },
    automatic_updates: row.automaticUpdates === 'always' ? 'always' : 'never',
    allow_renames: false,
    favorite: false,
    next_start_at: isoOrNull(row.nextStartAt),
    is_prebuild: row.workspaceOwnerId === SYSTEM_USER_ID,
  }
}

function buildShape(row: ReadBuildsRow): WorkspaceBuild {
  const transition = WorkspaceBuild.shape.transition.parse(row.transition)
  const job = provisionerJobShape(
    { ...row, id: row.jobId, createdAt: row.jobCreatedAt, type: row.jobType, fileId: null },
    { workspace_build_id: row.id },
  )
  return {
    id: row.id,
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
    workspace_id: row.workspaceId,
    workspace_name: row.workspaceName,
    workspace_owner_id: row.workspaceOwnerId,
    workspace_owner_name: row.workspaceOwnerName,
    template_version_id: row.templateVersionId,
    template_version_name: row.templateVersionName,
    build_number: row.buildNumber,
    transition,
    initiator_id: row.initiatorId,
    initiator_name: row.initiatorName,
    job,
    // The wire has no words for the pool's own reasons.
    reason: row.reason.startsWith('prebuild') ? 'initiator' : row.reason,
    resources: resourceShapes(row),
    ...timeIf('deadline', row.deadline),
    ...timeIf('max_deadline', row.maxDeadline),
    status: buildStatus(transition, job.status),
    daily_cost: row.dailyCost,
    template_version_preset_id: row.presetId,
  }
}

const DOING = { start: 'starting', stop: 'stopping', delete: 'deleting' } as const
const DONE = { start: 'running', stop: 'stopped', delete: 'deleted' } as const

function buildStatus(
  transition: WorkspaceBuild['transition'],
  status: WorkspaceBuild['job']['status'],
): (typeof BUILD_STATUSES)[number] {
  if (status === 'running') return DOING[transition]
  return status === 'succeeded' ? DONE[transition] : status
}
