// Keeps the agents of started workspaces alive: whoever dies without being asked to is reported and started again.
import type { Host } from './host.ts'
import { type Launched, launchAgent } from './launch.ts'
import { type AgentState, readState, type WorkspaceState, writeState } from './state.ts'
import { killTree } from './tree.ts'
import { createWatcher } from './watcher.ts'

const FIRST_DELAY_MS = 1_000
const LONGEST_DELAY_MS = 30_000
/** An agent that lived this long was healthy: its next end is a new problem. */
const HEALTHY_MS = 60_000

type Kept = { workspaceId: string; agentName: string; startedAt: number; failures: number; timer?: NodeJS.Timeout }

export type Keeper = {
  /** Starts every agent of `state`, records their processes there, and keeps them. */
  start(state: WorkspaceState): Promise<void>
  /** Keeps agents that run already. */
  adopt(state: WorkspaceState): void
  /** Lets them go: whatever ends from now on was asked to. */
  release(workspaceId: string): void
  isKeeping(workspaceId: string): boolean
  close(): void
}

export function createKeeper(host: Host): Keeper {
  const kept = new Map<string, Kept>()
  const watcher = createWatcher((key, reason) => void onExit(key, reason))
  let closed = false

  async function onExit(key: string, reason: string): Promise<void> {
    const one = kept.get(key)
    if (!one) return
    const { workspaceId, agentName } = one
    const state = await readState(host.paths, workspaceId).catch(() => undefined)
    if (state) await tellExit(host, { workspaceId, buildId: state.buildId, reason: `agent ${agentName} ${reason}` })
    if (performance.now() - one.startedAt >= HEALTHY_MS) one.failures = 0
    scheduleRestart(key, one)
  }

  function scheduleRestart(key: string, one: Kept): void {
    if (closed || kept.get(key) !== one) return
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** one.failures)
    one.failures += 1
    one.timer = setTimeout(() => void host.locks.run(one.workspaceId, () => restart(key, one)), delay)
    one.timer.unref()
  }

  async function restart(key: string, one: Kept): Promise<void> {
    if (closed || kept.get(key) !== one) return
    try {
      const state = await readState(host.paths, one.workspaceId)
      const agent = state?.agents.find(({ name }) => name === one.agentName)
      if (!state || !agent) return
      await killLeftovers(state, agent)
      await launch(state, agent)
    } catch (error) {
      host.log(`agent ${one.agentName} of workspace ${one.workspaceId} could not be started again: ${messageOf(error)}`)
      scheduleRestart(key, one)
    }
  }

  async function launch(state: WorkspaceState, agent: AgentState): Promise<void> {
    const { workspaceId } = state
    const key = keyOf(workspaceId, agent.name)
    const { child, process } = await launchRecorded(host, state, agent)
    const failures = kept.get(key)?.failures ?? 0
    kept.set(key, { workspaceId, agentName: agent.name, startedAt: performance.now(), failures })
    watcher.watch(key, process, child)
  }

  return {
    async start(state) {
      for (const agent of state.agents) await launch(state, agent)
    },
    adopt(state) {
      for (const { name, process } of state.agents) {
        const key = keyOf(state.workspaceId, name)
        if (!process || watcher.isWatching(key)) continue
        kept.set(key, { workspaceId: state.workspaceId, agentName: name, startedAt: performance.now(), failures: 0 })
        watcher.watch(key, process)
      }
    },
    release(workspaceId) {
      for (const [key, one] of kept) {
        if (one.workspaceId !== workspaceId) continue
        clearTimeout(one.timer)
        watcher.forget(key)
        kept.delete(key)
      }
    },
    isKeeping: (workspaceId) => [...kept.values()].some((one) => one.workspaceId === workspaceId),
    close() {
      closed = true
      watcher.close()
      for (const { timer } of kept.values()) clearTimeout(timer)
      kept.clear()
    },
  }
}

/** Whoever cannot be told now finds out by the missing heartbeats. */
export async function tellExit(host: Host, event: Parameters<Host['events']['agentExited']>[0]): Promise<void> {
  try {
    await host.events.agentExited(event)
  } catch (error) {
    host.log(`the end of ${event.reason} in workspace ${event.workspaceId} could not be reported: ${messageOf(error)}`)
  }
}

/** The intent goes to disk first: a crash right after the start must not leave a process that nobody looks for. */
async function launchRecorded(host: Host, state: WorkspaceState, agent: AgentState): Promise<Launched> {
  const { workspaceId, uid } = state
  agent.process = null
  await writeState(host.paths, { ...state, phase: 'intent' })
  const launched = await launchAgent(host, { paths: host.paths, workspaceId, uid }, agent.name)
  agent.process = launched.process
  state.phase = 'running'
  await writeState(host.paths, state)
  return launched
}

/** What the dead agent's scripts left would otherwise run beside what the new agent starts. */
async function killLeftovers(state: WorkspaceState, agent: AgentState): Promise<void> {
  const { workspaceId, uid, agents } = state
  const isOnly = agents.length === 1
  await killTree({ workspaceId, uid, groups: [], ...(isOnly ? {} : { agentName: agent.name }) })
}

function keyOf(workspaceId: string, agentName: string): string {
  return `${workspaceId}/${agentName}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
