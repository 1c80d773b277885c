import type { Db } from '../../sql/database.ts'
import { enqueueJob } from '../../sql/jobs.sql.ts'
import type { Json } from '../../sql/values.ts'
import { type JobRequest, MAX_ATTEMPTS } from './task.ts'

export type EnqueueOptions = {
  runAt?: Date
  /** Instead of the job's own key. */
  key?: string
  /** One of the job's task identifiers, where it has several. */
  as?: string
}

/** Queues a job in the caller's transaction: it exists if and only if that commits. Returns its id. */
export async function enqueue<Payload extends Json>(
  db: Db,
  job: JobRequest<Payload>,
  payload: NoInfer<Payload>,
  { runAt, key, as = job.name }: EnqueueOptions = {},
): Promise<string> {
  job.payload.parse(payload) // a wrong one fails here, where its stack says who sent it
  const { id } = await enqueueJob(db, {
    task: as,
    payload,
    jobKey: key ?? job.key?.(payload) ?? null,
    runAt: runAt ?? null,
    maxAttempts: job.maxAttempts ?? MAX_ATTEMPTS,
    priority: job.priority ?? null,
  })
  return id
}
