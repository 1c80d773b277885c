// Ends what nobody will end: builds whose worker went silent or heeds no cancellation, and jobs that no worker took.
import { z } from 'zod'
import type { Tx } from '../../sql/database.ts'
import { lockPoolRow } from '../../sql/prebuild_pool.sql.ts'
import { endProvisionerJob, insertJobLogs, listHungProvisionerJobs } from '../../sql/provisioner_jobs.sql.ts'
import { findBuildForProvision } from '../../sql/workspace_builds.sql.ts'
import { finishBuild, removeWorkspace } from '../builds.ts'
import type { Context } from '../context.ts'
import { requeueAbandoned } from '../daemon.ts'
import { defineJob } from './task.ts'
import { orderRemoval } from './reconcilePreset/actions.ts'
import { type Causes, withWakes } from './wakes.ts'

const HUNG_SECONDS = 5 * 60
const PENDING_SECONDS = 30 * 60
/** A run ends well inside its minute. */
const BATCH = 100

const Reason = z.enum(['hung', 'pending', 'canceled'])
type Reason = z.infer<typeof Reason>
const ERRORS: Record<Reason, string> = {
  hung: 'Coder: Build has been detected as hung for 5 minutes and has been terminated by the reaper.',
  pending: 'Coder: Build has been detected as pending for 30 minutes and has been terminated by the reaper.',
  canceled: 'Its worker stopped before it could end this cancelled build.',
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
      const { host } = Tags.parse(job.tags)
      if (await reap(context, { ...job, host, reason: Reason.parse(job.reason) })) reaped++
    }
    return { requeued, reaped }
  },
})

const Tags = z.object({ host: z.string().optional() })
type Hung = { id: string; workspaceId: string | null; attempt: number; host: string | undefined; reason: Reason }

async function reap(context: Context, job: Hung): Promise<boolean> {
  const error = describe(job)
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
    // That no worker was there is no fault of the template: the pool orders anew.
    if (pooled && build && job.reason === 'pending' && build.buildNumber === 1) {
      const { workspaceId } = build
      await forget(tx, causes, { workspaceId, presetId: pooled.presetId, begun: job.attempt > 0 })
    }
    return true
  })
}

type Forgotten = { workspaceId: string; presetId: string; begun: boolean }

/** Of one that a worker has begun, something may lie on its host. */
async function forget(tx: Tx, causes: Causes, { workspaceId, presetId, begun }: Forgotten): Promise<void> {
  if (begun) await orderRemoval(tx, causes, { presetId, workspaceId })
  else await removeWorkspace(tx, causes, workspaceId)
}

function describe({ reason, host }: Hung): string {
  const alone = reason === 'pending' && host !== undefined
  return alone
    ? `${ERRORS.pending} Only the host that has the workspace, ${host}, could have taken it: is its worker running?`
    : ERRORS[reason]
}
