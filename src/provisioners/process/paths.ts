// Where the process driver keeps things. Ids, not names: a claim changes names and moves nothing on disk.
import { join } from 'node:path'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const AGENT_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,63})$/

export type Paths = {
  home: string
  runtime: string
  states: string
  workspaces: string
  agents: string
}

export function pathsOf(home: string): Paths {
  return {
    home,
    runtime: join(home, 'runtime'),
    states: join(home, 'process'),
    workspaces: join(home, 'workspaces'),
    agents: join(home, 'agents'),
  }
}

export function workspaceDir(paths: Paths, workspaceId: string): string {
  return join(paths.workspaces, checked(workspaceId))
}

export function agentsDir(paths: Paths, workspaceId: string): string {
  return join(paths.agents, checked(workspaceId))
}

export function agentDir(paths: Paths, workspaceId: string, agentName: string): string {
  if (!AGENT_NAME.test(agentName)) throw new Error(`"${agentName}" cannot name an agent`)
  return join(agentsDir(paths, workspaceId), agentName)
}

export function stateFile(paths: Paths, workspaceId: string): string {
  return join(paths.states, `${checked(workspaceId)}.json`)
}

/** Such paths are removed recursively, as root: nothing but an id may become part of them. */
function checked(workspaceId: string): string {
  if (!UUID.test(workspaceId)) throw new Error(`"${workspaceId}" is not a workspace id`)
  return workspaceId
}

export function isWorkspaceId(name: string): boolean {
  return UUID.test(name)
}
