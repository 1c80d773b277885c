// What becomes of a provisioner job that its worker could not run: not the template's fault, so it is tried again.
import {
  type AcquireProvisionerJobRow,
  completeProvisionerJob,
  releaseProvisionerJob,
} from '../../../sql/provisioner_jobs.sql.ts'
import { findBuildForProvision } from '../../../sql/workspace_builds.sql.ts'
import { finishBuild } from '../../builds.ts'
import type { Context } from '../../context.ts'
import { withWakes } from '../wakes.ts'
import { Transition } from './build.ts'

/** Of one job, those that ended with a worker's death counted too. */
const MAX_ATTEMPTS = 5

/** Throws the error again when the job waits for another attempt: `acquireProvisionerJob` says how long. */
export async function giveUp(
  context: Context,
  { job, error }: { job: AcquireProvisionerJobRow; error: unknown },
): Promise<void> {
  const holder = { workerId: context.processId, attempt: job.attempt }
  if (job.attempt < MAX_ATTEMPTS) {
    try {
      await releaseProvisionerJob(context.db, { id: job.id, ...holder })
    } catch (problem) {
      context.log.warn(
        { err: problem, provisionerJobId: job.id },
        'a job could not be given back: it will count as hung',
      )
    }
    throw error
  }
  context.log.error({ err: error, provisionerJobId: job.id }, `a provisioner job failed in ${MAX_ATTEMPTS} attempts`)
  const why = error instanceof Error ? error.message : String(error)
  const sentence = `The worker could not run this job in ${MAX_ATTEMPTS} attempts: ${why}`
  await withWakes(context.db, async (tx, causes) => {
    const build = await findBuildForProvision(tx, { jobId: job.id })
    if (!build) {
      await completeProvisionerJob(tx, { id: job.id, ...holder, error: sentence, errorCode: 'worker' })
      return
    }
    const { workspaceId } = build
    const result = { ok: false, error: sentence, code: 'worker' } as const
    await finishBuild(tx, causes, {
      jobId: job.id,
      workspaceId,
      transition: Transition.parse(build.transition),
      result,
      holder,
    })
  })
}
