import { z } from 'zod'
import type { ListAgentScriptsRow, ListAgentsOfWorkspacesRow } from '../../../sql/workspace_agents.sql.ts'
import { LIFECYCLE_STATES } from '../../contract/agentApi.ts'
import type { WorkspaceAgent } from '../../contract/workspaces.ts'
import { iso, isoOrNull, timeIf } from './time.ts'

const Variables = z.record(z.string(), z.string())
const Lifecycle = z.enum(LIFECYCLE_STATES)
const NANOSECONDS = 1_000_000_000

type Scripts = readonly ListAgentScriptsRow[]

export function agentShape(row: ListAgentsOfWorkspacesRow, scripts: Scripts, now: Date): WorkspaceAgent {
  const status = agentStatus(row, now)
  const lifecycle = Lifecycle.parse(row.lifecycleState)
  const healthy = status !== 'timeout' && status !== 'disconnected' && !/error|timeout/.test(lifecycle)
  return {
    id: row.id,
    parent_id: row.parentId,
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
    ...timeIf('first_connected_at', row.firstConnectedAt),
    ...timeIf('last_connected_at', row.lastConnectedAt),
    ...timeIf('disconnected_at', row.disconnectedAt),
    ...timeIf('started_at', row.startedAt),
    ...timeIf('ready_at', row.readyAt),
    status,
    lifecycle_state: lifecycle,
    name: row.name,
    resource_id: row.resourceId,
    architecture: row.architecture,
    operating_system: row.operatingSystem,
    environment_variables: Variables.parse(row.environmentVariables),
    ...(row.directory === '' ? {} : { directory: row.directory }),
    version: row.version,
    api_version: '1.0',
    apps: [],
    connection_timeout_seconds: row.connectionTimeoutSeconds,
    troubleshooting_url: '',
    subsystems: [],
    health: healthy ? { healthy } : { healthy, reason: unhealthyReason(status, lifecycle) },
    display_apps: [],
    log_sources: scripts.map((script) => ({
      workspace_agent_id: row.id,
      id: script.logSourceId,
      created_at: iso(row.createdAt),
      display_name: script.displayName,
      icon: script.icon,
    })),
    scripts: scripts.map(scriptShape),
    logs_length: row.logsLength,
    logs_overflowed: row.logsOverflowed,
    startup_script_behavior: scripts.some((script) => script.startBlocksLogin) ? 'blocking' : 'non-blocking',
    reinit: {
      generation: row.reinitGeneration,
      acknowledged_generation: row.acknowledgedGeneration,
      acknowledged_at: isoOrNull(row.acknowledgedAt),
    },
  }
}

function agentStatus(row: ListAgentsOfWorkspacesRow, now: Date): WorkspaceAgent['status'] {
  if (row.disconnectedAt !== null) return 'disconnected'
  if (row.firstConnectedAt !== null) return 'connected'
  const patienceMs = row.connectionTimeoutSeconds * 1000
  return now.getTime() - row.createdAt.getTime() > patienceMs ? 'timeout' : 'connecting'
}

function unhealthyReason(status: string, lifecycle: string): string {
  if (status === 'disconnected') return 'The agent has lost its connection.'
  if (status === 'timeout') return 'The agent has not connected in time.'
  return lifecycle.startsWith('start') ? 'A start script has failed.' : 'A stop script has failed.'
}

function scriptShape(script: ListAgentScriptsRow): Record<string, unknown> {
  return {
    id: script.id,
    log_source_id: script.logSourceId,
    log_path: '',
    script: script.script,
    cron: script.cron,
    run_on_start: script.runOnStart,
    run_on_stop: script.runOnStop,
    start_blocks_login: script.startBlocksLogin,
    timeout: script.timeoutSeconds * NANOSECONDS,
    display_name: script.displayName,
  }
}
