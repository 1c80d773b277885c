// Carries out what was decided about one pool. Each removal locks its pool row first and leaves a row that somebody
// else holds: a claim that got there before owns the workspace now.
import type { Tx } from '../../../sql/database.ts'
import { deletePoolRow, insertPoolRow, markPoolRowDeleting, takePoolRow } from '../../../sql/prebuild_pool.sql.ts'
import { cancelPendingJob } from '../../../sql/provisioner_jobs.sql.ts'
import { copyBuildParameters, insertBuildParameters } from '../../../sql/workspace_builds.sql.ts'
import { insertWorkspace, lockWorkspace, markWorkspaceDeleted } from '../../../sql/workspaces.sql.ts'
import { orderBuild, PRIORITY } from '../../builds.ts'
import type { PrebuildAction } from '../../domain/prebuilds.ts'
import { failPool } from '../../pool.ts'
import { prebuildName } from '../../secrets.ts'
import { SYSTEM_USER_ID } from '../../systemUser.ts'
import type { Causes } from '../wakes.ts'
import type { PresetFacts } from './snapshot.ts'

/** Rows that one transaction writes of each kind; the rest is done in the next round, so that locks stay short. */
const BATCH = 25

export type CarriedOut = { created: number; deleted: number; canceled: number; failed: number; unfinished: boolean }

export async function carryOut(
  tx: Tx,
  causes: Causes,
  { facts, actions }: { facts: PresetFacts; actions: readonly PrebuildAction[] },
): Promise<CarriedOut> {
  const done: CarriedOut = { created: 0, deleted: 0, canceled: 0, failed: 0, unfinished: false }
  for (const action of actions) {
    const todo = action.type === 'hold' ? 0 : action.type === 'create' ? action.count : action.ids.length
    if (todo > BATCH) done.unfinished = true
    switch (action.type) {
      case 'fail':
        for (const workspaceId of action.ids.slice(0, BATCH)) done.failed += await timeOut(tx, causes, workspaceId)
        break
      case 'delete':
        for (const workspaceId of action.ids.slice(0, BATCH))
          done.deleted += await removePrebuild(tx, causes, { facts, workspaceId })
        break
      case 'cancel_pending':
        for (const workspaceId of action.ids.slice(0, BATCH))
          done.canceled += await cancelPrebuild(tx, causes, workspaceId)
        break
      case 'create':
        for (let i = 0; i < Math.min(action.count, BATCH); i++) done.created += await createPrebuild(tx, causes, facts)
        break
      case 'hold':
        break
    }
  }
  return done
}

async function timeOut(tx: Tx, causes: Causes, workspaceId: string): Promise<number> {
  const row = await takePoolRow(tx, { workspaceId })
  if (row?.state !== 'booting') return 0
  await failPool(tx, causes, { workspaceId, kind: 'boot_timeout', detail: 'its agents were not ready in time' })
  return 1
}

async function removePrebuild(
  tx: Tx,
  causes: Causes,
  { facts, workspaceId }: { facts: PresetFacts; workspaceId: string },
): Promise<number> {
  const row = await takePoolRow(tx, { workspaceId })
  if (!row || row.state === 'deleting') return 0
  return await orderRemoval(tx, causes, { presetId: facts.presetId, workspaceId })
}

/** Also for one whose removal has failed. The caller holds the pool row. */
export async function orderRemoval(
  tx: Tx,
  causes: Causes,
  { presetId, workspaceId }: { presetId: string; workspaceId: string },
): Promise<number> {
  const workspace = await lockWorkspace(tx, { id: workspaceId })
  // Its build ends first: that wakes this preset again.
  if (!workspace || workspace.ownerId !== SYSTEM_USER_ID || isUnfinished(workspace.jobStatus)) return 0
  await markPoolRowDeleting(tx, { workspaceId })
  const build = await orderBuild(tx, causes, {
    workspaceId,
    organizationId: workspace.organizationId,
    provisioner: workspace.provisioner,
    host: workspace.host,
    transition: 'delete',
    reason: 'prebuild_delete',
    stage: 'none',
    initiatorId: SYSTEM_USER_ID,
    templateVersionId: workspace.templateVersionId,
    presetId,
    priority: PRIORITY.prebuildDelete,
  })
  await copyBuildParameters(tx, { buildId: build.id, fromBuildId: workspace.buildId })
  causes.workspace(workspaceId)
  return 1
}

/** No worker has it yet, so nothing exists outside the database. */
async function cancelPrebuild(tx: Tx, causes: Causes, workspaceId: string): Promise<number> {
  const row = await takePoolRow(tx, { workspaceId })
  if (row?.state !== 'building') return 0
  const workspace = await lockWorkspace(tx, { id: workspaceId })
  if (!workspace) return 0
  // A worker may have been faster: then its end wakes this preset.
  if (!(await cancelPendingJob(tx, { id: workspace.jobId }))) return 0
  await deletePoolRow(tx, { workspaceId })
  await markWorkspaceDeleted(tx, { id: workspaceId })
  causes.workspace(workspaceId)
  return 1
}

async function createPrebuild(tx: Tx, causes: Causes, facts: PresetFacts): Promise<number> {
  const workspace = await insertWorkspace(tx, {
    id: null,
    ownerId: SYSTEM_USER_ID,
    organizationId: facts.organizationId,
    templateId: facts.templateId,
    name: prebuildName(),
    bornAsPrebuild: true,
  })
  const build = await orderBuild(tx, causes, {
    workspaceId: workspace.id,
    organizationId: facts.organizationId,
    provisioner: facts.provisioner,
    host: null,
    transition: 'start',
    reason: 'prebuild',
    stage: 'prebuild',
    initiatorId: SYSTEM_USER_ID,
    templateVersionId: facts.templateVersionId,
    presetId: facts.presetId,
    priority: PRIORITY.prebuildCreate,
  })
  await insertBuildParameters(tx, { buildId: build.id, parameters: { ...facts.parameters } })
  await insertPoolRow(tx, {
    workspaceId: workspace.id,
    templateId: facts.templateId,
    templateVersionId: facts.templateVersionId,
    presetId: facts.presetId,
    presetKey: facts.presetKey,
  })
  causes.workspace(workspace.id)
  return 1
}

function isUnfinished(jobStatus: string): boolean {
  return jobStatus === 'pending' || jobStatus === 'running' || jobStatus === 'canceling'
}
