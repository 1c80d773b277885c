import { type Request, Router } from 'express'
import type { Db, Tx } from '../../sql/database.ts'
import { lockPoolRow, markPoolRowDeleting } from '../../sql/prebuild_pool.sql.ts'
import { cancelProvisionerJob, findProvisionerJob, listJobLogs } from '../../sql/provisioner_jobs.sql.ts'
import {
  copyBuildParameters,
  listBuildIds,
  listBuildParameters as listParameterRows,
  findBuild,
  type FindBuildRow,
} from '../../sql/workspace_builds.sql.ts'
import { lockWorkspace } from '../../sql/workspaces.sql.ts'
import { orderBuild, PRIORITY, removeWorkspace } from '../builds.ts'
import { MAX_PAGE } from '../contract/values.ts'
import {
  cancelWorkspaceBuild,
  createWorkspaceBuild,
  getWorkspaceBuild,
  listBuildParameters,
  listWorkspaceBuildLogs,
  listWorkspaceBuilds,
} from '../contract/workspaces.ts'
import { forbidden, notFound } from '../domain/refusals.ts'
import { type Actor, mayChangeWorkspace, requireMay, workspaceTarget } from './access.ts'
import { audit, type AuditEntry, type Auditor } from './audit.ts'
import { Refusal } from '../domain/errors.ts'
import { orderRemoval } from '../jobs/reconcilePreset/actions.ts'
import { type Causes, withWakes } from '../jobs/wakes.ts'
import { type ApiContext, route } from './route.ts'
import { jobLogShape } from './wire/provisionerJob.ts'
import { buildShapes } from './wire/workspaces.ts'
import { readableWorkspace } from './workspaces.ts'

export function builds(context: ApiContext): Router {
  const router = Router()
  const { db } = context

  route(router, context, createWorkspaceBuild, async ({ params, body }, { actor, request }) => {
    const workspace = await readableWorkspace(db, params.workspace, actor)
    if (!mayChangeWorkspace(actor, body.transition, workspace)) throw forbidden()
    if (workspace.deletedAt !== null) throw new Refusal('gone', 'The workspace has been deleted.')
    if (body.rich_parameter_values.length > 0) {
      throw new Refusal('invalid', 'Parameters of an existing workspace cannot be changed yet.')
    }
    if (body.template_version_id !== undefined && body.template_version_id !== workspace.templateActiveVersionId) {
      throw new Refusal('invalid', 'Only the active version of the template can be built.')
    }
    const order = {
      workspaceId: workspace.id,
      actor,
      request,
      transition: body.transition,
      versionId: body.template_version_id ?? null,
    }
    const buildId = await withWakes(
      db,
      async (tx, causes) => await orderTransition(tx, causes, { ...order, reason: body.reason }),
    )
    return await oneBuild(db, buildId)
  })

  route(router, context, listWorkspaceBuilds, async ({ params, query }, { actor }) => {
    const workspace = await readableWorkspace(db, params.workspace, actor)
    const page = { limit: query.limit || MAX_PAGE, offset: query.offset }
    const ids = await listBuildIds(db, { workspaceId: workspace.id, ...page })
    return await buildShapes(
      db,
      ids.map(({ id }) => id),
    )
  })

  route(router, context, getWorkspaceBuild, async ({ params }, { actor }) => {
    const build = await readableBuild(db, params.workspacebuild, actor)
    return await oneBuild(db, build.id)
  })

  route(router, context, listWorkspaceBuildLogs, async ({ params, query }, { actor }) => {
    const build = await readableBuild(db, params.workspacebuild, actor)
    return (await listJobLogs(db, { jobId: build.jobId, after: query.after, limit: MAX_PAGE })).map(jobLogShape)
  })

  route(router, context, listBuildParameters, async ({ params }, { actor }) => {
    const build = await readableBuild(db, params.workspacebuild, actor)
    return [...(await listParameterRows(db, { buildId: build.id }))]
  })

  route(router, context, cancelWorkspaceBuild, async ({ params, query }, { actor, request }) => {
    const build = await readableBuild(db, params.workspacebuild, actor)
    const workspace = await readableWorkspace(db, build.workspaceId, actor)
    requireMay(actor, 'update', workspaceTarget(workspace))
    const order = { build, expected: query.expect_status, actor, request }
    await withWakes(db, async (tx, causes) => await cancel(tx, causes, order))
    return { message: 'Job has been marked as canceled...' }
  })

  return router
}

type Ordered = {
  workspaceId: string
  actor: Actor
  request: Request
  transition: 'start' | 'stop' | 'delete'
  versionId: string | null
  reason: string | undefined
}

async function orderTransition(tx: Tx, causes: Causes, order: Ordered): Promise<string> {
  const { workspaceId, actor, transition, reason = 'initiator' } = order
  const pooled = await lockPoolRow(tx, { workspaceId })
  const workspace = await lockWorkspace(tx, { id: workspaceId })
  if (!workspace || workspace.deletedAt !== null) throw new Refusal('gone', 'The workspace has been deleted.')
  if (!mayChangeWorkspace(actor, transition, workspace)) throw notFound() // it was claimed a moment ago
  if (pooled && transition !== 'delete') {
    throw new Refusal('conflict', 'This workspace is an unclaimed prebuild: it can only be deleted or claimed.')
  }
  if (pooled) await markPoolRowDeleting(tx, { workspaceId })
  const build = await orderBuild(tx, causes, {
    workspaceId,
    organizationId: workspace.organizationId,
    provisioner: workspace.provisioner,
    host: workspace.host,
    transition,
    reason,
    stage: 'none',
    initiatorId: actor.id,
    templateVersionId: order.versionId ?? workspace.templateVersionId,
    presetId: workspace.presetId,
    priority: PRIORITY.person,
  })
  await copyBuildParameters(tx, { buildId: build.id, fromBuildId: workspace.buildId })
  if (pooled) await causes.preset(pooled.presetId, 'prebuild deleted by hand', actor.id)
  causes.workspace(workspaceId)
  await auditWorkspace(tx, order, {
    action: transition,
    workspace,
    before: { build_number: workspace.buildNumber, transition: workspace.buildTransition },
    after: { build_number: workspace.buildNumber + 1, transition, reason, build_id: build.id },
  })
  return build.id
}

type Cancel = { build: FindBuildRow; expected: 'pending' | 'running' | undefined; actor: Actor; request: Request }

/** A pending one ends at once; of a running one the worker learns at its next heartbeat. */
async function cancel(tx: Tx, causes: Causes, order: Cancel): Promise<void> {
  const { build, expected } = order
  const { workspaceId } = build
  const pooled = await lockPoolRow(tx, { workspaceId })
  const workspace = await lockWorkspace(tx, { id: workspaceId })
  const job = await findProvisionerJob(tx, { id: build.jobId })
  if (!job || !workspace) throw notFound()
  if (job.completedAt !== null) throw new Refusal('invalid', 'Job has already completed!')
  if (job.canceledAt !== null) throw new Refusal('invalid', 'Job has already been marked as canceled!')
  if (expected !== undefined && job.jobStatus !== expected) {
    throw new Refusal('precondition', 'Job is not in the expected state.', { detail: `It is ${job.jobStatus}.` })
  }
  const canceled = await cancelProvisionerJob(tx, { id: job.id })
  causes.workspace(workspaceId)
  await auditWorkspace(tx, order, {
    action: 'write',
    workspace,
    before: { canceled_build: null },
    after: { canceled_build: build.buildNumber, build_id: build.id },
  })
  if (!canceled || canceled.completedAt === null || build.buildNumber !== 1 || !pooled) return
  // Nothing of a first build exists outside the database before a worker takes it.
  if (canceled.attempt === 0) await removeWorkspace(tx, causes, workspaceId)
  else await orderRemoval(tx, causes, { presetId: pooled.presetId, workspaceId })
}

type Changed = Pick<AuditEntry, 'action' | 'before' | 'after'> & {
  workspace: { id: string; name: string; organizationId: string }
}

/** Of builds too the target is the workspace: its whole story is found in one place. */
async function auditWorkspace(tx: Tx, who: Auditor, { workspace, ...entry }: Changed): Promise<void> {
  const { id, name, organizationId } = workspace
  await audit(tx, who, { ...entry, target: { type: 'workspace', id, name }, organizationId })
}

async function oneBuild(db: Db, id: string) {
  const [shape] = await buildShapes(db, [id])
  if (!shape) throw notFound()
  return shape
}

async function readableBuild(db: Db, id: string, actor: Actor): Promise<FindBuildRow> {
  const build = await findBuild(db, { id })
  if (!build) throw notFound()
  await readableWorkspace(db, build.workspaceId, actor)
  return build
}
