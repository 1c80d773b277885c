// Ends what belongs to a workspace, however far it has moved from the agent that started it.
import { setTimeout as delay } from 'node:timers/promises'
import { listProcesses, type Process, startedWith } from './processes.ts'

/** A tree that forks as fast as it is killed is given up after this many rounds, and the caller says so. */
const ROUNDS = 100
const ROUND_MS = 10

export type Tree = {
  workspaceId: string
  /** Every process of this user is the workspace's; null when all workspaces share the driver's own user. */
  uid: number | null
  /** Agents that are known to be alive, each the leader of its group. */
  groups: readonly number[]
  /** Only what this agent's scripts started, for workspaces with several agents. */
  agentName?: string
}

/** Kills until nothing is left; false when something outlived all rounds. */
export async function killTree(tree: Tree): Promise<boolean> {
  for (const group of tree.groups) kill(-group)
  for (let round = 0; round < ROUNDS; round++) {
    const left = membersOf(tree)
    if (left.length === 0) return true
    for (const { pid } of left) {
      kill(pid)
      // Without a user of its own a member is known by its environment; its group may hold some that changed theirs.
      if (tree.uid === null) kill(-pid)
    }
    await delay(ROUND_MS)
  }
  return membersOf(tree).length === 0
}

export function membersOf(tree: Tree): Process[] {
  return listProcesses().filter((one) => one.pid !== process.pid && isMember(one, tree))
}

function isMember({ pid, uid }: Process, tree: Tree): boolean {
  if (tree.uid !== null && tree.agentName === undefined) return uid === tree.uid
  if (tree.uid !== null && uid !== tree.uid) return false
  if (startedWith(pid, 'DAYBREAK_WORKSPACE_ID') !== tree.workspaceId) return false
  return tree.agentName === undefined || startedWith(pid, 'DAYBREAK_AGENT_NAME') === tree.agentName
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended in the meantime.
  }
}
