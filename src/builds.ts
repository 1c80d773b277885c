// Ordering and ending builds: the writes that API, reconcile and provisioners share. Transactions start in the callers.
import type { Tx } from '../sql/database.ts'
import { isUniqueViolation } from '../sql/database.ts'
import { deletePoolRow, lockPoolRow } from '../sql/prebuild_pool.sql.ts'
import { completeProvisionerJob, endProvisionerJob } from '../sql/provisioner_jobs.sql.ts'
import { deleteAgents } from '../sql/workspace_agents.sql.ts'
import { insertBuild, type InsertBuildRow } from '../sql/workspace_builds.sql.ts'
import { lockWorkspace, markWorkspaceDeleted } from '../sql/workspaces.sql.ts'
import { Refusal } from './domain/errors.ts'
import { provisionTask } from './jobs/pokes.ts'
import type { Causes } from './jobs/wakes.ts'
import { failPool, settlePool } from './pool.ts'

/** Lower runs first: people never wait for pools, and removals free what new prebuilds need. */
export const PRIORITY = { person: 0, prebuildDelete: 5, prebuildCreate: 10 } as const

export type BuildOrder = {
  workspaceId: string
  organizationId: string
  provisioner: string
  host: string | null
  transition: 'start' | 'stop' | 'delete'
  reason: string
  stage: 'none' | 'prebuild' | 'claim'
  initiatorId: string
  templateVersionId: string
  presetId: string | null
  priority: number
}

/**
 * The caller has locked the workspace's row, or made it in this transaction. Refuses while another build is under way.
 */
export async function orderBuild(tx: Tx, causes: Causes, order: BuildOrder): Promise<InsertBuildRow> {
  try {
    const build = await insertBuild(tx, order)
    causes.provisioner(provisionTask(order.provisioner, order.host))
    return build
  } catch (error) {
    if (isUniqueViolation(error, 'provisioner_jobs_one_unfinished')) {
      throw new Refusal('conflict', 'A workspace build is already active.', {
        detail: 'Wait until it has ended, or cancel it.',
        cause: error,
      })
    }
    throw error
  }
}

export type BuildResult = { ok: true } | { ok: false; error: string; code?: string }
export type EndedBuild = {
  jobId: string
  workspaceId: string
  transition: 'start' | 'stop' | 'delete'
  result: BuildResult
  /** Who ends it: the worker that holds this attempt, or null for the reaper, which needs no leave. */
  holder: { workerId: string; attempt: number } | null
}

/** False when the job was no longer the holder's to end: then nothing was written. */
export async function finishBuild(tx: Tx, causes: Causes, ended: EndedBuild): Promise<boolean> {
  const { jobId, workspaceId, result, holder } = ended
  const errorCode = result.ok ? '' : (result.code ?? '')
  const isCanceled = errorCode === 'canceled'
  const error = result.ok || isCanceled ? '' : result.error
  await lockPoolRow(tx, { workspaceId })
  await lockWorkspace(tx, { id: workspaceId })
  const done = holder
    ? (await completeProvisionerJob(tx, { id: jobId, ...holder, error, errorCode })) !== null
    : (await endProvisionerJob(tx, { id: jobId, error, errorCode })) > 0
  if (!done) return false
  causes.workspace(workspaceId)
  if (!result.ok && result.code === 'pending') return true // never begun: no failure of what was to be built
  if (!result.ok) {
    // A removal that failed is tried again by the sweep: a wake would repeat it at full speed.
    if (ended.transition !== 'start') return true
    // Somebody's wish is no fault of the template: only failures count towards a back-off.
    const why = isCanceled
      ? ({ kind: 'lost', detail: 'its build was cancelled' } as const)
      : ({ kind: 'build_failed', detail: error } as const)
    await failPool(tx, causes, { workspaceId, ...why })
  } else if (ended.transition === 'start') {
    await settlePool(tx, causes, { workspaceId, cause: 'build completed' })
  } else {
    await deleteAgents(tx, { workspaceId })
    if (ended.transition === 'delete') await removeWorkspace(tx, causes, workspaceId)
  }
  return true
}

/** For a workspace of which nothing is left on any host. */
export async function removeWorkspace(tx: Tx, causes: Causes, workspaceId: string): Promise<void> {
  await markWorkspaceDeleted(tx, { id: workspaceId })
  await deleteAgents(tx, { workspaceId })
  const left = await deletePoolRow(tx, { workspaceId })
  if (left) await causes.preset(left.presetId, 'prebuild deleted')
}
