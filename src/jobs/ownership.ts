// Asks the database whether jobs are still a pool's own: one statement at a time, for all that ask meanwhile.
import { startJobs } from '../../sql/job_workers.sql.ts'
import type { Pool } from '../../sql/database.ts'
import { listHeldJobs } from '../../sql/jobs.sql.ts'
import type { JobRun, TaskPool } from './task.ts'

/** As many as one statement names; a pool runs far fewer at once. */
const BATCH = 500

/** `prefetches`: the pool holds jobs that it has not started, so each start is recorded before the handler runs. */
export function makeOwnership(db: Pool, { prefetches }: { prefetches: boolean }): Pick<TaskPool, 'begin' | 'holds'> {
  const holds = coalesce(async (runs) => await listHeldJobs(db, columns(runs)))
  const begin = coalesce(async (runs) => await startJobs(db, columns(runs)))
  return { holds, begin: prefetches ? begin : async () => true }
}

type Question = { run: JobRun; answer: PromiseWithResolvers<boolean> }

function coalesce(
  ask: (runs: readonly JobRun[]) => Promise<readonly { id: number }[]>,
): (run: JobRun) => Promise<boolean> {
  let waiting: Question[] = []
  let asking = false

  const drain = async (): Promise<void> => {
    asking = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH)
      waiting = waiting.slice(BATCH)
      try {
        const ids = new Set((await ask(batch.map(({ run }) => run))).map(({ id }) => id))
        for (const { run, answer } of batch) answer.resolve(ids.has(Number(run.jobId)))
      } catch (error) {
        for (const { answer } of batch) answer.reject(error)
      }
    }
    asking = false
  }

  return async (run) => {
    const answer = Promise.withResolvers<boolean>()
    waiting.push({ run, answer })
    if (!asking) void drain()
    return await answer.promise
  }
}

function columns(runs: readonly JobRun[]): { jobIds: number[]; attempts: number[]; poolId: string } {
  return {
    jobIds: runs.map(({ jobId }) => Number(jobId)),
    attempts: runs.map(({ attempt }) => attempt),
    poolId: runs[0]?.poolId ?? '',
  }
}
