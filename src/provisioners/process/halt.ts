import { setTimeout as delay } from 'node:timers/promises'
import type { Host } from './host.ts'
import { isAlive } from './processes.ts'
import { sentenceOf } from './sentence.ts'
import { type AgentProcess, type WorkspaceState, writeState } from './state.ts'
import { killTree } from './tree.ts'

const POLL_MS = 20

/** Asks the agents of a workspace to end, gives them `graceMs` for their stop scripts, and leaves nothing of it. */
export async function haltWorkspace(
  host: Host,
  state: WorkspaceState,
  options: { graceMs: number; signal?: AbortSignal },
): Promise<void> {
  const { workspaceId } = state
  const isOfThisBoot = state.bootId === host.bootId
  const agents = isOfThisBoot ? aliveAgents(state) : []
  for (const { pid } of agents) terminate(pid)
  await untilEnded(agents, options)
  // The user id of a stopped workspace may meanwhile serve another Daybreak of this host: then only the marker counts.
  const uid = isOfThisBoot && state.phase !== 'stopped' ? state.uid : null
  const groups = agents.filter(isAlive).map(({ pid }) => pid)
  if (!(await killTree({ workspaceId, uid, groups }))) {
    throw new Error(`processes of workspace ${workspaceId} keep starting faster than they can be killed`)
  }
  for (const agent of state.agents) agent.process = null
  state.phase = 'stopped'
  try {
    await writeState(host.paths, state)
  } catch (error) {
    // Stopping and deleting must work on a full disk. The old state names processes that resume will not find.
    host.log(`the stop of workspace ${workspaceId} was not recorded: ${sentenceOf(error)}`)
  }
}

export function aliveAgents(state: WorkspaceState): AgentProcess[] {
  return state.agents.flatMap(({ process: one }) => (one !== null && isAlive(one) ? [one] : []))
}

function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // It ended in the meantime.
  }
}

async function untilEnded(agents: AgentProcess[], options: { graceMs: number; signal?: AbortSignal }): Promise<void> {
  const deadline = performance.now() + options.graceMs
  while (agents.some(isAlive) && performance.now() < deadline && !options.signal?.aborted) await delay(POLL_MS)
}
