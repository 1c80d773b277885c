// How far a workspace is on its way to being usable. Pure: each event of its stream is judged alone.
import type { Workspace, WorkspaceAgent } from '../../contract/workspaces.ts'
import { topLevelAgents } from './agents.ts'

export type Progress = {
  /** What is waited for, in words. */
  text: string
  /** Every agent works for its present owner. */
  acknowledged: boolean
  ready: boolean
  /** It will not become ready by waiting. */
  failed?: string
  /** The build's job ended, well or badly. */
  built: boolean
}

export type Expected = {
  buildId: string
  /** A claim announces at least one change of owner; until an agent's row says so, it works for nobody. */
  claimed: boolean
}

export function progressOf(workspace: Workspace, { buildId, claimed }: Expected): Progress {
  const { job, transition, id } = workspace.latest_build
  const waiting = { acknowledged: false, ready: false }
  if (id !== buildId && transition !== 'start') {
    return { ...waiting, built: true, text: '', failed: `it was asked to ${transition} meanwhile` }
  }
  if (job.status === 'failed' || job.status === 'canceled') {
    return { ...waiting, built: true, text: '', failed: job.error || `its build ended as ${job.status}` }
  }
  if (job.status !== 'succeeded' && !claimed) return { ...waiting, built: false, text: buildText(workspace) }
  const built = job.status === 'succeeded'
  const agents = topLevelAgents(workspace)
  const acknowledged =
    agents.length > 0 &&
    agents.every(({ reinit, status }) =>
      claimed
        ? reinit.generation >= 1 && reinit.acknowledged_generation >= reinit.generation
        : status === 'connected' && reinit.acknowledged_generation >= reinit.generation,
    )
  if (!acknowledged) {
    return { ...waiting, built, text: claimed ? 'Telling the agent whose it is' : 'Waiting for the agent to connect' }
  }
  const broken = agents.find(
    (agent) => agent.lifecycle_state === 'start_error' || agent.lifecycle_state === 'start_timeout',
  )
  if (broken) {
    const what = broken.lifecycle_state === 'start_error' ? 'failed' : 'did not end in time'
    return { acknowledged, ready: false, built, text: '', failed: `a start script of agent ${broken.name} ${what}` }
  }
  const ready = built && agents.every((agent) => agent.status === 'connected' && agent.lifecycle_state === 'ready')
  return {
    acknowledged,
    ready,
    built,
    text: ready ? 'Ready' : agents.some(isAway) ? 'Waiting for the agent to connect' : 'Running start scripts',
  }
}

/** Acknowledged, and lost since. */
function isAway({ status }: WorkspaceAgent): boolean {
  return status !== 'connected'
}

function buildText({ latest_build: { job } }: Workspace): string {
  if (job.status !== 'pending') return 'Building'
  return job.queue_position > 1
    ? `Waiting to build, number ${job.queue_position} of ${job.queue_size}`
    : 'Waiting to build'
}
