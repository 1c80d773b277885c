// Level-triggered work without hot rows: a cause appends a row in its own transaction, and one nudge follows the
// commit.
import type { Pool, Tx } from '../../sql/database.ts'
import { insertWake } from '../../sql/reconcile.sql.ts'
import { notifyWorkspace } from '../../sql/workspaces.sql.ts'
import { nudgePreset, pokeProvisioner } from './pokes.ts'

export type Causes = {
  /** Has the preset looked at again because of `cause`. */
  preset(presetId: string, cause: string, actorId?: string | null): Promise<void>
  /**
   * Has the provisioners of a task look for work; not inside the transaction, where all would queue for one keyed row.
   */
  provisioner(task: string): void
  /** Tells those who watch a workspace that it changed. */
  workspace(workspaceId: string): void
}

/**
 * Runs `change` in a transaction and, once it is committed, nudges what its causes concern. A crash between the two
 * loses nothing: the alarm finds wakes and provisioner jobs that nobody looks at.
 */
export async function withWakes<Result>(
  db: Pool,
  change: (tx: Tx, causes: Causes) => Promise<Result>,
): Promise<Result> {
  let presets = new Set<string>()
  let workspaces = new Set<string>()
  let tasks = new Set<string>()
  const result = await db.transaction(async (tx) => {
    presets = new Set() // the transaction may be run again
    workspaces = new Set()
    tasks = new Set()
    return await change(tx, {
      async preset(presetId, cause, actorId = null) {
        await insertWake(tx, { presetId, cause, actorId })
        presets.add(presetId)
      },
      provisioner(task) {
        tasks.add(task)
      },
      workspace(workspaceId) {
        workspaces.add(workspaceId)
      },
    })
  })
  try {
    for (const task of tasks) await pokeProvisioner(db, task)
    for (const presetId of presets) await nudgePreset(db, presetId)
    for (const id of workspaces) await notifyWorkspace(db, { id })
  } catch {
    // The change is committed, and must not be reported as failed: the alarm does within a second what this would have.
  }
  return result
}
