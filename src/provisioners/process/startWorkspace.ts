import { createHash } from 'node:crypto'
import type { AgentCredential } from '../driver.ts'
import { makeDirectories, type Place, writeToken } from './directories.ts'
import { aliveAgents, haltWorkspace } from './halt.ts'
import type { Host } from './host.ts'
import type { Keeper } from './keeper.ts'
import { listProcesses, startedWith } from './processes.ts'
import { readState, type WorkspaceState, writeState } from './state.ts'
import { freeUid } from './uids.ts'

/** What stop scripts get, ten seconds, and what the agent needs around them. */
export const STOP_GRACE_MS = 15_000

export type StartRequest = { workspaceId: string; buildId: string; agents: readonly AgentCredential[] }
export type StartOptions = { say: (line: string) => void; signal?: AbortSignal }

/** Leaves exactly the agents of this build running. Under the workspace's lock. */
export async function startWorkspace(
  host: Host,
  keeper: Keeper,
  request: StartRequest,
  options: StartOptions,
): Promise<void> {
  const { workspaceId, agents } = request
  const { say, signal } = options
  const before = await readState(host.paths, workspaceId)
  if (before && (await keepRunning(host, keeper, before, request))) {
    say(`Agent ${agents.map(({ name }) => name).join(', ')} is already running`)
    return
  }
  if (before) {
    if (aliveAgents(before).length > 0) say('Stopping the agent of an earlier build')
    keeper.release(workspaceId)
    await haltWorkspace(host, before, { graceMs: STOP_GRACE_MS, ...(signal ? { signal } : {}) })
  }
  signal?.throwIfAborted()
  const state = await host.locks.run('user ids', () => recordIntent(host, before, request))
  try {
    await startAgents(host, keeper, state, request, options)
  } catch (error) {
    keeper.release(workspaceId)
    await haltWorkspace(host, state, { graceMs: 0 })
    throw error
  }
}

async function recordIntent(
  host: Host,
  before: WorkspaceState | undefined,
  { workspaceId, buildId, agents }: StartRequest,
): Promise<WorkspaceState> {
  const state: WorkspaceState = {
    workspaceId,
    buildId,
    uid: await chooseUid(host, before),
    bootId: host.bootId,
    phase: 'intent',
    agents: agents.map(({ id, name, token }) => ({ id, name, tokenHash: hashOf(token), process: null })),
  }
  await writeState(host.paths, state)
  return state
}

async function startAgents(
  host: Host,
  keeper: Keeper,
  state: WorkspaceState,
  request: StartRequest,
  { say, signal }: StartOptions,
): Promise<void> {
  const place: Place = { paths: host.paths, workspaceId: state.workspaceId, uid: state.uid }
  const names = request.agents.map(({ name }) => name)
  // Runtime first: it opens the way to the directories that are made next.
  await host.runtime()
  if (await makeDirectories(place, names)) say(`Created directory workspaces/${state.workspaceId}`)
  for (const agent of request.agents) await writeToken(place, agent)
  signal?.throwIfAborted()
  await keeper.start(state)
  signal?.throwIfAborted()
  for (const agent of state.agents) say(`Started agent ${agent.name}, pid ${agent.process?.pid}`)
}

/** A claim gives agents new ids and the same tokens: what runs is then what should run, under the new build. */
export async function keepRunning(
  host: Host,
  keeper: Keeper,
  state: WorkspaceState,
  request: StartRequest,
): Promise<boolean> {
  const { buildId, agents } = request
  const isWhole = state.phase === 'running' && state.bootId === host.bootId && state.agents.length === agents.length
  if (!isWhole || aliveAgents(state).length < agents.length) return false
  const hashes = new Map(state.agents.map(({ name, tokenHash }) => [name, tokenHash]))
  if (agents.some(({ name, token }) => hashes.get(name) !== hashOf(token))) return false
  if (state.buildId !== buildId) {
    state.buildId = buildId
    for (const one of state.agents) one.id = agents.find(({ name }) => name === one.name)?.id ?? one.id
    await writeState(host.paths, state)
  }
  keeper.adopt(state)
  return true
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

async function chooseUid(host: Host, before: WorkspaceState | undefined): Promise<number | null> {
  if (!host.isRoot) return null
  if (typeof before?.uid === 'number' && !isForeign(before.uid, before.workspaceId)) return before.uid
  return freeUid(host.paths, host.uidRange)
}

/** Whether somebody else, such as another Daybreak of this host, took the user id while the workspace was stopped. */
function isForeign(uid: number, workspaceId: string): boolean {
  return listProcesses().some((one) => one.uid === uid && startedWith(one.pid, 'DAYBREAK_WORKSPACE_ID') !== workspaceId)
}
