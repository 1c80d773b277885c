import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { LIFECYCLE_STATES } from './agentApi.ts'
import { LogQuery, ProvisionerJob, ProvisionerJobLog } from './provisionerJobs.ts'
import { ByUser, Id, Name, Page, Response, Time } from './values.ts'

const ByWorkspace = z.object({ workspace: Id })
const ByBuild = z.object({ workspacebuild: Id })
const ParameterValue = z.object({ name: z.string().max(64), value: z.string().max(4096) })

export const WorkspaceAgent = z.object({
  id: Id,
  parent_id: Id.nullable(),
  created_at: Time,
  updated_at: Time,
  first_connected_at: Time.optional(),
  last_connected_at: Time.optional(),
  disconnected_at: Time.optional(),
  started_at: Time.optional(),
  ready_at: Time.optional(),
  status: z.enum(['connecting', 'connected', 'disconnected', 'timeout']),
  lifecycle_state: z.enum(LIFECYCLE_STATES),
  name: z.string(),
  resource_id: Id,
  architecture: z.string(),
  operating_system: z.string(),
  environment_variables: z.record(z.string(), z.string()),
  directory: z.string().optional(),
  version: z.string(),
  api_version: z.string(),
  apps: z.array(z.unknown()),
  connection_timeout_seconds: z.int(),
  troubleshooting_url: z.string(),
  subsystems: z.array(z.string()),
  health: z.object({ healthy: z.boolean(), reason: z.string().optional() }),
  display_apps: z.array(z.string()),
  log_sources: z.array(z.unknown()),
  scripts: z.array(z.unknown()),
  logs_length: z.int(),
  logs_overflowed: z.boolean(),
  startup_script_behavior: z.string(),
  /** Ours: changes of owner announced to this agent, and the last one that it has confirmed. */
  reinit: z.object({ generation: z.int(), acknowledged_generation: z.int(), acknowledged_at: Time.nullable() }),
})
export type WorkspaceAgent = z.output<typeof WorkspaceAgent>

export const WorkspaceResource = z.object({
  id: Id,
  created_at: Time,
  job_id: Id,
  workspace_transition: z.enum(['start', 'stop', 'delete']),
  type: z.string(),
  name: z.string(),
  hide: z.boolean(),
  icon: z.string(),
  agents: z.array(WorkspaceAgent).optional(),
  daily_cost: z.int(),
})

export const BUILD_STATUSES = [
  'pending',
  'starting',
  'running',
  'stopping',
  'stopped',
  'deleting',
  'deleted',
  'canceling',
  'canceled',
  'failed',
] as const

export const WorkspaceBuild = z.object({
  id: Id,
  created_at: Time,
  updated_at: Time,
  workspace_id: Id,
  workspace_name: z.string(),
  workspace_owner_id: Id,
  workspace_owner_name: z.string(),
  template_version_id: Id,
  template_version_name: z.string(),
  build_number: z.int(),
  transition: z.enum(['start', 'stop', 'delete']),
  initiator_id: Id,
  initiator_name: z.string(),
  job: ProvisionerJob,
  reason: z.string(),
  resources: z.array(WorkspaceResource),
  deadline: Time.optional(),
  max_deadline: Time.optional(),
  status: z.enum(BUILD_STATUSES),
  daily_cost: z.int(),
  template_version_preset_id: Id.nullable(),
})
export type WorkspaceBuild = z.output<typeof WorkspaceBuild>

export const Claim = z.object({
  from_pool: z.boolean(),
  preset: z.string().nullable(),
  waited_ms: z.int(),
  why_not: z.string().optional(),
})
export type Claim = z.output<typeof Claim>

export const Workspace = z.object({
  id: Id,
  created_at: Time,
  updated_at: Time,
  owner_id: Id,
  owner_name: z.string(),
  owner_avatar_url: z.string(),
  organization_id: Id,
  organization_name: z.string(),
  template_id: Id,
  template_name: z.string(),
  template_display_name: z.string(),
  template_icon: z.string(),
  template_allow_user_cancel_workspace_jobs: z.boolean(),
  template_active_version_id: Id,
  template_require_active_version: z.boolean(),
  template_use_classic_parameter_flow: z.boolean(),
  latest_build: WorkspaceBuild,
  latest_app_status: z.null(),
  outdated: z.boolean(),
  name: z.string(),
  autostart_schedule: z.string().optional(),
  ttl_ms: z.int().optional(),
  last_used_at: Time,
  deleting_at: Time.nullable(),
  dormant_at: Time.nullable(),
  health: z.object({ healthy: z.boolean(), failing_agents: z.array(Id) }),
  automatic_updates: z.enum(['always', 'never']),
  allow_renames: z.boolean(),
  favorite: z.boolean(),
  next_start_at: Time.nullable(),
  is_prebuild: z.boolean(),
})
export type Workspace = z.output<typeof Workspace>

/** A number of milliseconds to wait for a prebuild: longer is a fresh build's time. */
export const MAX_WAIT_MS = 30_000

export const CreateWorkspace = z
  .object({
    name: Name,
    template_id: Id.optional(),
    template_version_id: Id.optional(),
    template_version_preset_id: Id.optional(),
    rich_parameter_values: z.array(ParameterValue).max(64).default([]),
    /** Ours: whether a prebuild may, must or must not be used. */
    prebuild: z.enum(['prefer', 'require', 'never']).default('prefer'),
    /** Ours: how long to wait for one that is not ready yet. */
    wait_ms: z.int().min(0).max(MAX_WAIT_MS).default(0),
  })
  .refine((body) => (body.template_id === undefined) !== (body.template_version_id === undefined), {
    path: ['template_id'],
    message: 'give exactly one of template_id and template_version_id',
  })
export type CreateWorkspace = z.output<typeof CreateWorkspace>

export const createWorkspace = endpoint('POST', '/users/:user/workspaces', {
  summary: 'Claims a prebuild of the preset, or builds a workspace; `Idempotency-Key` makes a repeat harmless.',
  params: ByUser,
  body: CreateWorkspace,
  reply: Workspace.extend({ claim: Claim }),
})
export const createMemberWorkspace = endpoint('POST', '/organizations/:organization/members/:user/workspaces', {
  summary: 'The same, in a named organization.',
  params: ByUser.extend({ organization: z.string() }),
  body: CreateWorkspace,
  reply: Workspace.extend({ claim: Claim }),
})
export const listWorkspaces = endpoint('GET', '/workspaces', {
  summary: 'Workspaces, newest first. `q` takes owner:, name:, template:, or a bare name, or owner/name.',
  query: Page.extend({ q: z.string().max(1000).default('') }),
  reply: z.object({ workspaces: z.array(Workspace), count: z.int() }),
})
export const getWorkspace = endpoint('GET', '/workspaces/:workspace', {
  summary: 'One workspace; 410 when it was deleted and that was not asked for.',
  params: ByWorkspace,
  query: z.object({ include_deleted: z.stringbool().default(false) }),
  reply: Workspace,
})
export const getWorkspaceByName = endpoint('GET', '/users/:user/workspace/:name', {
  summary: 'One workspace by its owner and name.',
  params: ByUser.extend({ name: z.string() }),
  reply: Workspace,
})
export const createWorkspaceBuild = endpoint('POST', '/workspaces/:workspace/builds', {
  summary: 'Starts, stops or deletes a workspace.',
  params: ByWorkspace,
  body: z.object({
    transition: z.enum(['start', 'stop', 'delete']),
    template_version_id: Id.optional(),
    rich_parameter_values: z.array(ParameterValue).max(64).default([]),
    reason: z.enum(['dashboard', 'cli', 'ssh_connection', 'vscode_connection', 'jetbrains_connection']).optional(),
  }),
  reply: WorkspaceBuild,
})
export const listWorkspaceBuilds = endpoint('GET', '/workspaces/:workspace/builds', {
  summary: 'The builds of a workspace, newest first.',
  params: ByWorkspace,
  query: Page,
  reply: z.array(WorkspaceBuild),
})
export const getWorkspaceBuild = endpoint('GET', '/workspacebuilds/:workspacebuild', {
  summary: 'One build.',
  params: ByBuild,
  reply: WorkspaceBuild,
})
export const listWorkspaceBuildLogs = endpoint('GET', '/workspacebuilds/:workspacebuild/logs', {
  summary: 'What a build wrote, after a line of that id.',
  params: ByBuild,
  query: LogQuery,
  reply: z.array(ProvisionerJobLog),
})
export const listBuildParameters = endpoint('GET', '/workspacebuilds/:workspacebuild/parameters', {
  summary: 'The parameters of a build.',
  params: ByBuild,
  reply: z.array(z.object({ name: z.string(), value: z.string() })),
})
export const cancelWorkspaceBuild = endpoint('PATCH', '/workspacebuilds/:workspacebuild/cancel', {
  summary: 'Cancels a build that has not ended.',
  params: ByBuild,
  query: z.object({ expect_status: z.enum(['pending', 'running']).optional() }),
  reply: Response,
})
export const listAgentLogs = endpoint('GET', '/workspaceagents/:agent/logs', {
  summary: 'What the scripts of an agent wrote, after a line of that id.',
  params: z.object({ agent: Id }),
  query: LogQuery,
  reply: z.array(z.object({ id: z.int(), created_at: Time, output: z.string(), level: z.string(), source_id: Id })),
})
