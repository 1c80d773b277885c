// What an agent and the server say to each other. Types only on the agent's side: it must start in well under 100 ms.
import { z } from 'zod'

export const LIFECYCLE_STATES = [
  'created',
  'starting',
  'start_timeout',
  'start_error',
  'ready',
  'shutting_down',
  'shutdown_timeout',
  'shutdown_error',
  'off',
] as const

export const AgentScript = z.object({
  id: z.uuid(),
  log_source_id: z.uuid(),
  display_name: z.string(),
  script: z.string(),
  cron: z.string(),
  run_on_start: z.boolean(),
  run_on_stop: z.boolean(),
  start_blocks_login: z.boolean(),
  timeout_seconds: z.int(),
})

/** Everything an agent needs to do its work for the present owner. */
export const AgentManifest = z.object({
  agent_id: z.uuid(),
  agent_name: z.string(),
  workspace_id: z.uuid(),
  workspace_name: z.string(),
  owner_id: z.uuid(),
  owner_username: z.string(),
  /** `prebuild` until somebody owns the workspace, then `claim` for the build that handed it over, else `none`. */
  stage: z.enum(['none', 'prebuild', 'claim']),
  /** Grows by one with each change of owner. */
  generation: z.int(),
  directory: z.string(),
  environment_variables: z.record(z.string(), z.string()),
  scripts: z.array(AgentScript),
})

/** Sent as `data:` of the reinit stream; `id:` is the generation. */
export const ReinitEvent = z.object({
  reason: z.literal('prebuild_claimed'),
  workspace_id: z.uuid(),
  workspaceID: z.uuid(),
  owner_id: z.uuid(),
  generation: z.int(),
  agent_id: z.uuid(),
})

/** A clock that is more wrong than this is no clock: PostgreSQL has neither a year 0 nor a zone 16 hours from UTC. */
const Moment = z.iso
  .datetime({ offset: true })
  .regex(/^(19[7-9]|2\d\d)\d-.*(Z|[+-](0\d|1[0-5]):\d\d)$/, 'use a time between the years 1970 and 2999')

export const LifecycleReport = z.object({
  state: z.enum(LIFECYCLE_STATES),
  changed_at: Moment,
})
export const ReinitAck = z.object({ generation: z.int().min(0) })
export const AgentLogLine = z.object({
  created_at: Moment,
  level: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  output: z.string(),
})

export type AgentScript = z.output<typeof AgentScript>
export type AgentManifest = z.output<typeof AgentManifest>
export type ReinitEvent = z.output<typeof ReinitEvent>
export type LifecycleReport = z.output<typeof LifecycleReport>
export type AgentLogLine = z.output<typeof AgentLogLine>
export type LifecycleState = (typeof LIFECYCLE_STATES)[number]

/** Header by which an agent names the row it believes it is; a superseded one is answered 401. */
export const AGENT_ID_HEADER = 'Daybreak-Agent-Id'
export const TOKEN_HEADER = 'Coder-Session-Token'
