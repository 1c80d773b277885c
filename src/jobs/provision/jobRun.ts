// What every provisioner job has: a log that people read, a heartbeat that proves it alive, and a way to be stopped.
import { heartbeatProvisionerJob, insertJobLogs } from '../../../sql/provisioner_jobs.sql.ts'
import type { Context } from '../../context.ts'
import type { DriverIo } from '../../provisioners/driver.ts'

/** A job that says nothing for five minutes is taken for hung. */
const HEARTBEAT_MS = 5_000
const FLUSH_MS = 250
/** Lines kept while the database is slow; the oldest are dropped first. */
const MAX_BUFFERED_LINES = 2_000
const MAX_LINE = 1_024
const MAX_STAGE = 128
/** Of one job, in characters: as much as the wire format promises. */
const MAX_LOG_LENGTH = 1_048_576

export type HeldJob = { id: string; attempt: number }
export type JobRunIo = { io: DriverIo; end(): Promise<void>; canceled(): boolean }

type Line = {
  created_at: string
  source: 'provisioner' | 'provisioner_daemon'
  level: string
  stage: string
  output: string
}

export function openJobRun(context: Context, { job, signal }: { job: HeldJob; signal: AbortSignal }): JobRunIo {
  const stop = new AbortController()
  const lines: Line[] = []
  let written = 0
  let overflowed = false
  let canceled = false
  let flushing = Promise.resolve()

  const flush = (): Promise<void> => {
    flushing = flushing.then(async () => {
      const batch = lines.splice(0)
      if (batch.length > 0) await insertJobLogs(context.db, { jobId: job.id, lines: batch })
    })
    return flushing
  }
  const warn = (error: unknown): void => {
    context.log.warn({ err: error, provisionerJobId: job.id }, 'a provisioner job could not write to the database')
  }
  const beat = async (): Promise<void> => {
    const held = await heartbeatProvisionerJob(context.db, {
      id: job.id,
      workerId: context.processId,
      attempt: job.attempt,
    })
    canceled ||= held?.canceledAt !== undefined && held.canceledAt !== null
    if (!held || held.canceledAt) stop.abort()
  }
  const flusher = setInterval(() => void flush().catch(warn), FLUSH_MS)
  const heart = setInterval(() => void beat().catch(warn), HEARTBEAT_MS)

  return {
    canceled: () => canceled,
    io: {
      signal: AbortSignal.any([stop.signal, signal]),
      log({ level, stage, output }) {
        if (overflowed) return
        written += output.length
        overflowed = written > MAX_LOG_LENGTH
        if (lines.length === MAX_BUFFERED_LINES) lines.shift()
        lines.push({
          created_at: new Date().toISOString(),
          source: 'provisioner',
          level: overflowed ? 'warn' : level,
          stage: stage.slice(0, MAX_STAGE),
          output: overflowed ? 'The log is full: later lines are not kept.' : output.slice(0, MAX_LINE),
        })
      },
    },
    async end() {
      clearInterval(flusher)
      clearInterval(heart)
      await flush()
    },
  }
}
