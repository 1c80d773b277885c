// What the API serves besides JSON for people: to agents, and as streams. Described here, served by hand.
import { z } from 'zod'
import { AgentLogLine, AgentManifest, LifecycleReport, ReinitAck, ReinitEvent } from './agentApi.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { Id } from './values.ts'
import { Workspace } from './workspaces.ts'

/** `agent`: with an agent's token instead of a session's. `events`: the data of each server-sent event. */
export type Unrouted = { name: string; of: 'agent' | 'session' | 'public'; endpoint: Endpoint; events?: z.ZodType }

const me = '/workspaceagents/me'
const Beat = z.object({ version: z.string().max(64).optional() })

export const UNROUTED: readonly Unrouted[] = [
  {
    name: 'watchWorkspace',
    of: 'session',
    events: Workspace,
    endpoint: endpoint('GET', '/workspaces/:workspace/watch', {
      summary: 'The whole workspace, now and after each change.',
      params: z.object({ workspace: Id }),
    }),
  },
  {
    name: 'getAgentManifest',
    of: 'agent',
    endpoint: endpoint('GET', `${me}/manifest`, {
      summary: 'All that an agent needs to know for its present owner; marks it connected.',
      reply: AgentManifest,
    }),
  },
  {
    name: 'followReinit',
    of: 'agent',
    events: ReinitEvent,
    endpoint: endpoint('GET', `${me}/reinit`, {
      summary: 'Tells an agent that its workspace changed hands; 409 when it never will.',
      query: z.object({ generation: z.int().min(0).default(0) }),
    }),
  },
  {
    name: 'acknowledgeReinit',
    of: 'agent',
    endpoint: endpoint('POST', `${me}/reinit/ack`, {
      summary: 'The agent works for the owner of that generation; repeating it changes nothing.',
      body: ReinitAck,
    }),
  },
  {
    name: 'beat',
    of: 'agent',
    endpoint: endpoint('POST', `${me}/heartbeat`, { summary: 'Every 15 seconds: the agent lives.', body: Beat }),
  },
  {
    name: 'reportLifecycle',
    of: 'agent',
    endpoint: endpoint('POST', `${me}/lifecycle`, {
      summary: 'How far the scripts of the workspace are.',
      body: LifecycleReport,
    }),
  },
  {
    name: 'sendAgentLogs',
    of: 'agent',
    endpoint: endpoint('PATCH', `${me}/logs`, {
      summary: 'Lines that scripts wrote, at most 1000 at once.',
      body: z.object({ log_source_id: z.guid(), logs: z.array(AgentLogLine).max(1_000) }),
      reply: z.null(),
    }),
  },
]
