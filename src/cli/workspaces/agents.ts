import type { Workspace, WorkspaceAgent } from '../../contract/workspaces.ts'

/** Those that the template declares; what runs inside them starts and ends by itself. */
export function topLevelAgents({ latest_build: build }: Workspace): WorkspaceAgent[] {
  return build.resources.flatMap(({ agents }) => agents ?? []).filter(({ parent_id: parent }) => parent === null)
}

/** "running, ready": the build, and the agent that is furthest from ready. */
export function stateOf(workspace: Workspace): string {
  const { status } = workspace.latest_build
  if (status !== 'running') return status
  const agents = topLevelAgents(workspace)
  const behind = agents.find((agent) => agent.status !== 'connected' || agent.lifecycle_state !== 'ready') ?? agents[0]
  return behind ? `${status}, ${agentState(behind)}` : status
}

export function agentState({ status, lifecycle_state: state }: WorkspaceAgent): string {
  return status === 'connected' ? state.replace('_', ' ') : status
}
