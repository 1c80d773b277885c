// Checks by hand what the server sent, since zod would cost half of the agent's start.
import type { AgentManifest, AgentScript } from '../contract/agentApi.ts'
import type { Api } from './api.ts'
import { createBackoff, pause } from './backoff.ts'
import type { Log } from './log.ts'

/** Undefined once `signal` is aborted. Sends no agent id: it asks who this agent is now. */
export async function loadManifest(
  api: Api,
  options: { atLeast: number; signal: AbortSignal; log: Log },
): Promise<AgentManifest | undefined> {
  const { atLeast, signal, log } = options
  const backoff = createBackoff()
  while (!signal.aborted) {
    const reply = await api.call({ method: 'GET', path: 'manifest', signal })
    if (!reply) return undefined
    try {
      if (reply.status !== 200) throw new Error(`answered ${reply.status}`)
      const manifest = parseManifest(reply.body)
      if (manifest.generation >= atLeast) return manifest
      log(`manifest is of generation ${manifest.generation}, waiting for ${atLeast}`)
    } catch (error) {
      log(`manifest: ${error instanceof Error ? error.message : String(error)}, asking again`)
    }
    await pause(backoff.next(), signal)
  }
  return undefined
}

export function parseManifest(body: unknown): AgentManifest {
  const from = object(body, 'manifest')
  return {
    agent_id: string(from, 'agent_id'),
    agent_name: string(from, 'agent_name'),
    workspace_id: string(from, 'workspace_id'),
    workspace_name: string(from, 'workspace_name'),
    owner_id: string(from, 'owner_id'),
    owner_username: string(from, 'owner_username'),
    stage: stage(from),
    generation: integer(from, 'generation'),
    directory: string(from, 'directory'),
    environment_variables: variables(from.environment_variables),
    scripts: list(from.scripts).map(parseScript),
  }
}

function parseScript(body: unknown): AgentScript {
  const from = object(body, 'script')
  return {
    id: string(from, 'id'),
    log_source_id: string(from, 'log_source_id'),
    display_name: string(from, 'display_name'),
    script: string(from, 'script'),
    cron: string(from, 'cron'),
    run_on_start: boolean(from, 'run_on_start'),
    run_on_stop: boolean(from, 'run_on_stop'),
    start_blocks_login: boolean(from, 'start_blocks_login'),
    timeout_seconds: integer(from, 'timeout_seconds'),
  }
}

type Fields = Record<string, unknown>

function object(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is not an object`)
  return { ...value }
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error('scripts is not a list')
  return value
}

function string(from: Fields, field: string): string {
  const value = from[field]
  if (typeof value !== 'string') throw new Error(`${field} is not a string`)
  return value
}

function integer(from: Fields, field: string): number {
  const value = from[field]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new Error(`${field} is not a count`)
  return value
}

function boolean(from: Fields, field: string): boolean {
  const value = from[field]
  if (typeof value !== 'boolean') throw new Error(`${field} is not true or false`)
  return value
}

function stage(from: Fields): AgentManifest['stage'] {
  const value = from.stage
  if (value !== 'none' && value !== 'prebuild' && value !== 'claim') throw new Error('stage is unknown')
  return value
}

function variables(value: unknown): Record<string, string> {
  const from = object(value, 'environment_variables')
  return Object.fromEntries(Object.keys(from).map((name) => [name, string(from, name)]))
}
