// What the driver must know after a crash of its own, kept beside the workspace where its user cannot write.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { isWorkspaceId, type Paths, stateFile } from './paths.ts'

/** The start time tells this process from a later one with the same pid; null where /proc does not exist. */
export type AgentProcess = { pid: number; startTime: string | null }
export type AgentState = {
  name: string
  id: string
  /** SHA-256 of the token it was started with: a claim keeps the token, a new build does not. */
  tokenHash: string
  process: AgentProcess | null
}

export type WorkspaceState = {
  workspaceId: string
  buildId: string
  /** The workspace's own user; null when the driver does not run as root. */
  uid: number | null
  bootId: string
  /** `intent`: processes may exist that this file does not name yet. `stopped`: none were left. */
  phase: 'intent' | 'running' | 'stopped'
  agents: AgentState[]
}

export async function readState(paths: Paths, workspaceId: string): Promise<WorkspaceState | undefined> {
  let text: string
  try {
    text = await readFile(stateFile(paths, workspaceId), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    return JSON.parse(text) as WorkspaceState
  } catch {
    // Empty after a power failure, which ended every process that it could have named.
    return undefined
  }
}

export async function writeState(paths: Paths, state: WorkspaceState): Promise<void> {
  const file = stateFile(paths, state.workspaceId)
  await mkdir(paths.states, { recursive: true, mode: 0o700 })
  await writeFile(`${file}.draft`, JSON.stringify(state), { mode: 0o600 })
  await rename(`${file}.draft`, file)
}

export async function removeState(paths: Paths, workspaceId: string): Promise<void> {
  await rm(stateFile(paths, workspaceId), { force: true })
}

export async function listStates(paths: Paths): Promise<WorkspaceState[]> {
  const states: WorkspaceState[] = []
  for (const name of await namesIn(paths.states)) {
    const workspaceId = name.replace(/\.json$/, '')
    const state = isWorkspaceId(workspaceId) ? await readState(paths, workspaceId) : undefined
    if (state) states.push(state)
  }
  return states
}

export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
