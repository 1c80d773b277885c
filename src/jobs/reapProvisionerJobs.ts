// Ends what nobody will end: builds whose worker went silent, and jobs that no worker ever took.
import { z } from 'zod'
import { lockPoolRow } from '../../sql/prebuild_pool.sql.ts'
import { endProvisionerJob, insertJobLogs, listHungProvisionerJobs } from '../../sql/provisioner_jobs.sql.ts'
import { findBuildForProvision } from '../../sql/workspace_builds.sql.ts'
import { finishBuild, removeWorkspace } from '../builds.ts'
import type { Context } from '../context.ts'
import { requeueAbandoned } from '../daemon.ts'
import { defineJob } from './task.ts'
import { withWakes } from './wakes.ts'

const HUNG_SECONDS = 5 * 60
const PENDING_SECONDS = 30 * 60
/** A run ends well inside its minute. */
const BATCH = 100

type Reason = 'hung' | 'pending'
const ERRORS: Record<Reason, string> = {
  hung: 'Coder: Build has been detected as hung for 5 minutes and has been terminated by the reaper.',
  pending: 'Coder: Build has been detected as pending for 30 minutes and has been terminated by the reaper.',
}

export const reapProvisionerJobs = defineJob({
  name: 'reapProvisionerJobs',
  class: 'control',
  payload: z.object({}),
  maxAttempts: 1, // the next one comes in a minute
  every: '* * * * *',
  async run(_payload, context) {
    const requeued = await requeueAbandoned(context, { predecessors: false })
    const limits = { hungSeconds: HUNG_SECONDS, pendingSeconds: PENDING_SECONDS, limit: BATCH }
    let reaped = 0
    for (const job of await listHungProvisionerJobs(context.db, limits)) {
      if (
        await reap(context, {
          id: job.id,
          workspaceId: job.workspaceId,
          reason: job.reason === 'pending' ? 'pending' : 'hung',
        })
      )
        reaped++
    }
    return { requeued, reaped }
  },
})

type Hung = { id: string; workspaceId: string | null; reason: Reason }

async function reap(context: Context, job: Hung): Promise<boolean> {
  const error = ERRORS[job.reason]
  return await withWakes(context.db, async (tx, causes) => {
    const build = job.workspaceId === null ? null : await findBuildForProvision(tx, { jobId: job.id })
    const pooled = job.workspaceId === null ? null : await lockPoolRow(tx, { workspaceId: job.workspaceId })
    const ended = build
      ? await finishBuild(tx, causes, {
          jobId: job.id,
          workspaceId: build.workspaceId,
          transition: z.enum(['start', 'stop', 'delete']).parse(build.transition),
          result: { ok: false, error, code: job.reason },
          holder: null,
        })
      : (await endProvisionerJob(tx, { id: job.id, error, errorCode: job.reason })) > 0
    if (!ended) return false
    const line = { source: 'provisioner_daemon', level: 'error', stage: 'Unknown', output: error }
    await insertJobLogs(tx, { jobId: job.id, lines: [{ ...line, created_at: new Date().toISOString() }] })
    // That no worker was there is no fault of the template: nothing was made, and the pool orders anew.
    if (pooled && build && job.reason === 'pending' && build.buildNumber === 1)
      await removeWorkspace(tx, causes, build.workspaceId)
    return true
  })
}
