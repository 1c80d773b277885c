import { z } from 'zod'
import { LIFECYCLE_STATES } from '../../contract/agentApi.ts'
import type { WorkspaceAgent } from '../../contract/workspaces.ts'

const NANOSECONDS = 1_000_000_000

const Script = z.object({
  id: z.string(),
  log_source_id: z.string(),
  display_name: z.string(),
  icon: z.string(),
  script: z.string(),
  cron: z.string(),
  run_on_start: z.boolean(),
  run_on_stop: z.boolean(),
  start_blocks_login: z.boolean(),
  timeout_seconds: z.int(),
})

/** An agent's row as PostgreSQL writes JSON: its times have the wire's form already. */
export const AgentRow = z.object({
  id: z.string(),
  parent_id: z.string().nullable(),
  resource_id: z.string(),
  name: z.string(),
  architecture: z.string(),
  operating_system: z.string(),
  directory: z.string(),
  environment_variables: z.record(z.string(), z.string()),
  connection_timeout_seconds: z.int(),
  version: z.string(),
  lifecycle_state: z.enum(LIFECYCLE_STATES),
  created_at: z.string(),
  updated_at: z.string(),
  first_connected_at: z.string().nullable(),
  last_connected_at: z.string().nullable(),
  disconnected_at: z.string().nullable(),
  started_at: z.string().nullable(),
  ready_at: z.string().nullable(),
  reinit_generation: z.int(),
  acknowledged_generation: z.int(),
  acknowledged_at: z.string().nullable(),
  logs_length: z.int(),
  logs_overflowed: z.boolean(),
  overdue: z.boolean(),
  scripts: z.array(Script),
})
export type AgentRow = z.output<typeof AgentRow>

const TIMES = ['first_connected_at', 'last_connected_at', 'disconnected_at', 'started_at', 'ready_at'] as const

export function agentShape(row: AgentRow): WorkspaceAgent {
  const status = agentStatus(row)
  const lifecycle = row.lifecycle_state
  const healthy = status !== 'timeout' && status !== 'disconnected' && !/error|timeout/.test(lifecycle)
  return {
    id: row.id,
    parent_id: row.parent_id,
    created_at: row.created_at,
    updated_at: row.updated_at,
    ...Object.fromEntries(TIMES.flatMap((name) => (row[name] === null ? [] : [[name, row[name]]]))),
    status,
    lifecycle_state: lifecycle,
    name: row.name,
    resource_id: row.resource_id,
    architecture: row.architecture,
    operating_system: row.operating_system,
    environment_variables: row.environment_variables,
    ...(row.directory === '' ? {} : { directory: row.directory }),
    version: row.version,
    api_version: '1.0',
    apps: [],
    connection_timeout_seconds: row.connection_timeout_seconds,
    troubleshooting_url: '',
    subsystems: [],
    health: healthy ? { healthy } : { healthy, reason: unhealthyReason(status, lifecycle) },
    display_apps: [],
    log_sources: row.scripts.map((script) => ({
      workspace_agent_id: row.id,
      id: script.log_source_id,
      created_at: row.created_at,
      display_name: script.display_name,
      icon: script.icon,
    })),
    scripts: row.scripts.map(scriptShape),
    logs_length: row.logs_length,
    logs_overflowed: row.logs_overflowed,
    startup_script_behavior: row.scripts.some((script) => script.start_blocks_login) ? 'blocking' : 'non-blocking',
    reinit: {
      generation: row.reinit_generation,
      acknowledged_generation: row.acknowledged_generation,
      acknowledged_at: row.acknowledged_at,
    },
  }
}

function agentStatus(row: AgentRow): WorkspaceAgent['status'] {
  if (row.disconnected_at !== null) return 'disconnected'
  if (row.first_connected_at !== null) return 'connected'
  return row.overdue ? 'timeout' : 'connecting'
}

function unhealthyReason(status: string, lifecycle: string): string {
  if (status === 'disconnected') return 'The agent has lost its connection.'
  if (status === 'timeout') return 'The agent has not connected in time.'
  return lifecycle.startsWith('start') ? 'A start script has failed.' : 'A stop script has failed.'
}

function scriptShape(script: z.output<typeof Script>): Record<string, unknown> {
  const { timeout_seconds: timeout, icon: _icon, ...rest } = script
  return { ...rest, log_path: '', timeout: timeout * NANOSECONDS }
}
