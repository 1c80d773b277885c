// What an agent says and asks. Each report locks the pool row first: only then is it known whether the prebuild is
// claimed.
import { Router, type RequestHandler } from 'express'
import { z } from 'zod'
import { lockPoolRow } from '../../sql/prebuild_pool.sql.ts'
import {
  acknowledgeGeneration,
  connectAgent,
  findAgent,
  type FindAgentByTokenRow,
  insertAgentLogs,
  listAgentLogs as listLogRows,
  listAgentScripts,
  readAgentManifest,
  reportLifecycle,
} from '../../sql/workspace_agents.sql.ts'
import { AgentLogLine, type AgentManifest, LifecycleReport, ReinitAck } from '../contract/agentApi.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { listAgentLogs } from '../contract/workspaces.ts'
import { notFound } from '../domain/refusals.ts'
import { requireRead, workspaceTarget } from './access.ts'
import { Refusal } from '../domain/errors.ts'
import { withWakes } from '../jobs/wakes.ts'
import { failPool, settlePool } from '../pool.ts'
import { authenticateAgent, Superseded } from './agents/auth.ts'
import { collectHeartbeats } from './agents/heartbeats.ts'
import { reinit } from './agents/reinit.ts'
import { type ApiContext, readFields, route } from './route.ts'
import { storable } from './text.ts'
import { iso } from './wire/time.ts'

/** Lines of one request; an agent sends batches of a hundred. */
const MAX_LINES = 1_000
const MAX_LINE = 1_024

const Logs = z.object({ log_source_id: z.guid(), logs: z.array(AgentLogLine).max(MAX_LINES) })
const Connect = z.object({ version: z.string().max(64).optional() })

export function agents(context: ApiContext): Router {
  const router = Router()
  const heartbeats = collectHeartbeats(context)
  context.hub.closing.addEventListener('abort', () => void heartbeats.close())

  const asAgent =
    <Body>(
      body: z.ZodType<Body>,
      answer: (agent: FindAgentByTokenRow, input: Body) => Promise<{ status: number; reply?: unknown }>,
    ): RequestHandler =>
    async (request, response) => {
      const agent = await authenticateAgent(context, request)
      const { status, reply } = await answer(agent, readFields(body, request.body ?? {}))
      response.status(status)
      if (reply === undefined) response.end()
      else response.json(reply)
    }

  const me = '/workspaceagents/me'
  router.get(
    `${me}/manifest`,
    asAgent(Connect, async (agent, { version }) => ({
      status: 200,
      reply: await connect(context, agent, version ?? null),
    })),
  )
  router.get(`${me}/reinit`, reinit(context))
  router.post(
    `${me}/reinit/ack`,
    asAgent(ReinitAck, async (agent, { generation }) => {
      await acknowledge(context, agent, generation)
      return { status: 204 }
    }),
  )
  router.post(
    `${me}/heartbeat`,
    asAgent(Connect, async (agent, { version }) => {
      if (isAway(agent)) await markConnected(context, agent, version ?? null)
      else heartbeats.add(agent.id)
      return { status: 204 }
    }),
  )
  router.post(
    `${me}/lifecycle`,
    asAgent(LifecycleReport, async (agent, { state }) => {
      await takeLifecycle(context, agent, state)
      return { status: 204 }
    }),
  )
  router.patch(
    `${me}/logs`,
    asAgent(Logs, async (agent, { log_source_id: logSourceId, logs }) => {
      if (logs.length === 0) throw new Refusal('invalid', 'No logs provided.')
      await storeLogs(context, agent, { logSourceId, logs })
      return { status: 200, reply: null }
    }),
  )

  route(router, context, listAgentLogs, async ({ params, query }, { actor }) => {
    const agent = await findAgent(context.db, { id: params.agent })
    if (!agent) throw notFound()
    requireRead(actor, workspaceTarget({ ...agent, id: agent.workspaceId }))
    const rows = await listLogRows(context.db, { agentId: agent.id, after: query.after, limit: MAX_PAGE })
    return rows.map((row) => ({
      id: row.id,
      created_at: iso(row.createdAt),
      output: row.output,
      level: row.level,
      source_id: row.logSourceId,
    }))
  })

  return router
}

function isAway({ firstConnectedAt, disconnectedAt }: FindAgentByTokenRow): boolean {
  return firstConnectedAt === null || disconnectedAt !== null
}

async function connect(
  context: ApiContext,
  agent: FindAgentByTokenRow,
  version: string | null,
): Promise<AgentManifest> {
  if (isAway(agent)) await markConnected(context, agent, version)
  const row = await readAgentManifest(context.db, { id: agent.id })
  if (!row) throw new Superseded()
  const scripts = await listAgentScripts(context.db, { agentIds: [row.definitionId] })
  return {
    agent_id: row.id,
    agent_name: row.name,
    workspace_id: row.workspaceId,
    workspace_name: row.workspaceName,
    owner_id: row.ownerId,
    owner_username: row.ownerUsername,
    stage: z.enum(['none', 'prebuild', 'claim']).parse(row.stage),
    generation: row.reinitGeneration,
    directory: row.directory,
    environment_variables: z.record(z.string(), z.string()).parse(row.environmentVariables),
    scripts: scripts.map((script) => ({
      id: script.id,
      log_source_id: script.logSourceId,
      display_name: script.displayName,
      script: script.script,
      cron: script.cron,
      run_on_start: script.runOnStart,
      run_on_stop: script.runOnStop,
      start_blocks_login: script.startBlocksLogin,
      timeout_seconds: script.timeoutSeconds,
    })),
  }
}

async function markConnected(
  context: ApiContext,
  { id, workspaceId }: FindAgentByTokenRow,
  version: string | null,
): Promise<void> {
  await withWakes(context.db, async (tx, causes) => {
    await lockPoolRow(tx, { workspaceId })
    await connectAgent(tx, { id, version: version === null ? null : storable(version) })
    await settlePool(tx, causes, { workspaceId, cause: 'agent connected' })
    causes.workspace(workspaceId)
  })
}

async function takeLifecycle(
  context: ApiContext,
  { id, workspaceId }: FindAgentByTokenRow,
  state: string,
): Promise<void> {
  await withWakes(context.db, async (tx, causes) => {
    const pooled = await lockPoolRow(tx, { workspaceId })
    const reported = await reportLifecycle(tx, { id, state })
    if (reported === 0) throw new Superseded() // claimed between the look at its token and this lock
    causes.workspace(workspaceId)
    if (!pooled) return
    if (state === 'start_error' || state === 'start_timeout') {
      const detail = state === 'start_error' ? 'a start script failed' : 'a start script did not end in time'
      await failPool(tx, causes, { workspaceId, kind: 'start_failed', detail })
    } else {
      await settlePool(tx, causes, { workspaceId, cause: `agent ${state}` })
    }
  })
}

async function acknowledge(context: ApiContext, agent: FindAgentByTokenRow, generation: number): Promise<void> {
  const { id, workspaceId } = agent
  if (generation > agent.reinitGeneration) {
    const validations = [{ field: 'generation', detail: 'This generation was never announced to the agent.' }]
    throw new Refusal('invalid', 'Validation failed.', { validations })
  }
  await withWakes(context.db, async (tx, causes) => {
    if (await acknowledgeGeneration(tx, { id, generation })) causes.workspace(workspaceId)
  })
}

type Lines = { logSourceId: string; logs: readonly z.output<typeof AgentLogLine>[] }

async function storeLogs(context: ApiContext, agent: FindAgentByTokenRow, { logSourceId, logs }: Lines): Promise<void> {
  const lines = logs.map(({ created_at, level, output }) => ({
    created_at,
    level,
    output: storable(output.slice(0, MAX_LINE)),
  }))
  const length = lines.reduce((sum, { output }) => sum + output.length, 0)
  if ((await insertAgentLogs(context.db, { agentId: agent.id, logSourceId, lines, length })).stored) return
  throw new Refusal('too-large', 'The logs of this agent are full: no more lines are kept.')
}
