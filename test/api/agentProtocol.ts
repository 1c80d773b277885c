// A scripted agent: what the real one sends, one request at a time.
import type { ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { AGENT_ID_HEADER, AgentManifest, TOKEN_HEADER } from '../../src/contract/agentApi.ts'
import { createWorkspace } from '../../src/contract/workspaces.ts'
import { aReadyPrebuild, type World } from '../support/factories.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { aWarmTemplate, knowTokens } from './people.ts'

const ME = '/api/v2/workspaceagents/me'

export type Agent = { id: string; token: string }
/** `asId` is the row that the agent believes to be; null names none. */
export type Call = { method?: string; path: string; body?: unknown; asId?: string | null }

export async function ask(
  server: Pick<TestServer, 'url'>,
  agent: Agent,
  { method = 'POST', path, body, asId = agent.id }: Call,
) {
  const headers: Record<string, string> = { [TOKEN_HEADER]: agent.token, 'content-type': 'application/json' }
  if (asId !== null) headers[AGENT_ID_HEADER] = asId
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const response = await fetch(`${server.url}${ME}/${path}`, init)
  const text = await response.text()
  const reply = (text === '' ? null : JSON.parse(text)) as { message?: string; code?: string } | null
  return { status: response.status, reply }
}

export async function manifestOf(server: TestServer, agent: Agent): Promise<AgentManifest> {
  return AgentManifest.parse((await ask(server, agent, { method: 'GET', path: 'manifest', asId: null })).reply)
}

export type Stage = { server: TestServer; world: World; workspaceId: string; agents: Agent[] }

/** One ready prebuild, as rows, whose agent's token is known. */
export async function aStage(t: ExecutionContext): Promise<Stage> {
  const server = await startServer(t, { role: 'api' })
  const world = await aWarmTemplate(server)
  const workspaceId = await aReadyPrebuild(server.db, world)
  return { server, world, workspaceId, agents: await knowTokens(server.db, workspaceId) }
}

export async function claim({ server, world }: Pick<Stage, 'server' | 'world'>) {
  const body = { name: 'mine', template_id: world.templateId, template_version_preset_id: world.presetId }
  const required = { ...body, prebuild: 'require' as const }
  return await server.client(createWorkspace, { params: { user: 'me' }, body: required })
}

export async function agentRow(server: TestServer, { id }: { id: string }) {
  const Row = z.object({
    lifecycle: z.string(),
    acknowledged: z.int(),
    at: z.date().nullable(),
    away: z.boolean(),
    version: z.string(),
  })
  return await server.db.one(sql.type(Row)`
    select lifecycle_state as lifecycle, acknowledged_generation as acknowledged, acknowledged_at as at,
      disconnected_at is not null as away, version
    from daybreak.workspace_agents where id = ${id}`)
}
