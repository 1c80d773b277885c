// What state a workspace is in, in words; agents come before their build once that has succeeded.
import type { WorkspaceAgent, WorkspaceBuild } from '../contract/workspaces.ts'
import type { Placed } from './view.ts'
import { span } from './words.ts'

export type Status = { tone: 'good' | 'busy' | 'bad' | 'idle'; words: string }

/** A provisioner's error may be a whole log; the rest is in the build's log. */
const MAX_ERROR_LENGTH = 160

export function workspaceStatus({ workspace, place }: Placed, now: Date): Status {
  const build = workspace.latest_build
  if (build.status !== 'running') return buildStatus(build)
  const agents = build.resources.flatMap((resource) => resource.agents ?? [])
  if (agents.length === 0) return { tone: 'good', words: 'running' }
  const named = agents.map((agent): Status => {
    const { tone, words } = agentStatus(agent, { claimedAt: place.claimedAt, now })
    return { tone, words: agents.length === 1 ? words : `${agent.name}: ${words}` }
  })
  if (named.every(({ tone }) => tone === 'good')) return { tone: 'good', words: 'ready' }
  return named.reduce((worst, status) => (WEIGHT[status.tone] > WEIGHT[worst.tone] ? status : worst))
}

const WEIGHT: Record<Status['tone'], number> = { good: 0, idle: 1, busy: 2, bad: 3 }

function buildStatus({ status, job }: WorkspaceBuild): Status {
  if (status === 'failed') return { tone: 'bad', words: job.error ? `failed: ${shorten(job.error)}` : 'failed' }
  if (status === 'pending') return { tone: 'busy', words: 'waiting for a provisioner' }
  if (status === 'starting') return { tone: 'busy', words: 'building' }
  return { tone: status.endsWith('ing') ? 'busy' : 'idle', words: status } // stopping, stopped, …
}

function agentStatus(agent: WorkspaceAgent, { claimedAt, now }: { claimedAt: Date | null; now: Date }): Status {
  if (agent.status === 'disconnected') return { tone: 'bad', words: 'agent disconnected' }
  if (agent.status === 'timeout') return { tone: 'bad', words: 'the agent has not connected in time' }
  if (agent.reinit.acknowledged_generation < agent.reinit.generation) {
    const since = claimedAt ? `claimed ${span(now.getTime() - claimedAt.getTime())} ago` : 'claimed'
    return { tone: 'busy', words: `${since}, waiting for the agent` }
  }
  if (agent.status === 'connecting') return { tone: 'busy', words: 'running, waiting for the agent' }
  return LIFECYCLES[agent.lifecycle_state]
}

const LIFECYCLES: Record<WorkspaceAgent['lifecycle_state'], Status> = {
  created: { tone: 'busy', words: 'running, start scripts not begun yet' },
  starting: { tone: 'busy', words: 'running, start scripts running' },
  start_timeout: { tone: 'bad', words: 'running, a start script takes too long' },
  start_error: { tone: 'bad', words: 'running, a start script failed' },
  ready: { tone: 'good', words: 'ready' },
  shutting_down: { tone: 'busy', words: 'stop scripts running' },
  shutdown_timeout: { tone: 'bad', words: 'a stop script takes too long' },
  shutdown_error: { tone: 'bad', words: 'a stop script failed' },
  off: { tone: 'idle', words: 'agent stopped' },
}

/** A prebuild's place in the pool says more than its build: only `ready` can be claimed. */
export function prebuildStatus(placed: Placed, now: Date): Status {
  const { poolState, failure } = placed.place
  switch (poolState) {
    case 'building':
    case 'booting':
    case 'deleting':
      return { tone: 'busy', words: poolState }
    case 'ready':
      return { tone: 'good', words: 'ready' }
    case 'failed':
      return { tone: 'bad', words: failure ? `failed: ${shorten(failure)}` : 'failed' }
    case null:
      return workspaceStatus(placed, now)
    default:
      return { tone: 'idle', words: poolState }
  }
}

function shorten(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ')
  return line.length <= MAX_ERROR_LENGTH ? line : `${line.slice(0, MAX_ERROR_LENGTH - 1)}…`
}
