// What every provisioner job has: a log that people read, a heartbeat that proves it alive, and a way to be stopped.
import { heartbeatProvisionerJob, insertJobLogs } from '../../../sql/provisioner_jobs.sql.ts'
import type { Db } from '../../../sql/database.ts'
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
export type JobRunIo = {
  io: DriverIo
  /** Whether the job is still this worker's to run, until the end of the transaction; and hears of a cancellation. */
  hold(db: Db): Promise<boolean>
  /** Never throws: a log that cannot be written must not take the job's result with it. */
  end(): Promise<void>
  canceled(): boolean
}

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

  const warn = (error: unknown): void => {
    context.log.warn({ err: error, provisionerJobId: job.id }, 'a provisioner job could not write to the database')
  }
  const write = async (): Promise<void> => {
    const batch = lines.splice(0)
    if (batch.length === 0) return
    try {
      await insertJobLogs(context.db, { jobId: job.id, lines: batch })
    } catch (error) {
      warn(error)
      lines.unshift(...batch) // for the next time
      lines.splice(0, lines.length - MAX_BUFFERED_LINES)
    }
  }
  const flush = (): Promise<void> => {
    flushing = flushing.then(write)
    return flushing
  }
  const hold = async (db: Db): Promise<boolean> => {
    const held = await heartbeatProvisionerJob(db, { id: job.id, workerId: context.processId, attempt: job.attempt })
    canceled ||= held !== null && held.canceledAt !== null
    if (!held || held.canceledAt) stop.abort()
    return held !== null
  }
  const flusher = setInterval(() => void flush(), FLUSH_MS)
  const heart = setInterval(() => void hold(context.db).catch(warn), HEARTBEAT_MS)

  return {
    canceled: () => canceled,
    hold,
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
          stage: kept(stage, MAX_STAGE),
          output: overflowed ? 'The log is full: later lines are not kept.' : kept(output, MAX_LINE),
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

/** PostgreSQL keeps no NUL character and no half of a surrogate pair. */
function kept(text: string, length: number): string {
  return text.slice(0, length).toWellFormed().replaceAll('\0', '\ufffd')
}
