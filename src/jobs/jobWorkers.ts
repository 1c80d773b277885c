// Which runners live. graphile-worker locks jobs in the name of a pool and would notice that it is dead after 4 hours.
// Every pool has a row here before it fetches its first job; what a silent one held runs elsewhere within 15 seconds.
import { openDatabase, type Pool } from '../../sql/database.ts'
import { beatJobWorkers, deleteJobWorkers, insertJobWorker, lockDeadJobWorkers } from '../../sql/job_workers.sql.ts'
import { announceJobs, listOrphanedPools, unlockJobs } from '../../sql/jobs.sql.ts'
import type { Context } from '../context.ts'
import { VERSION } from '../version.ts'
import type { JobClass } from './task.ts'

/** One statement beats for all pools of the process and looks for silent ones. */
export const BEAT_MS = 5_000
/** Two beats may be lost; with the wake-up at the very moment of death this leaves 3 of the 15 seconds to take over. */
export const DEAD_AFTER_SECONDS = 12
/** Only a row that was lost makes an orphan, and finding one reads all jobs: a look in 12 beats is enough. */
const BEATS_PER_ORPHAN_SEARCH = 12
/** At once more dead pools than any deployment has; the next beat takes the rest. */
const RESCUE_LIMIT = 100
/** A pool's death is acted upon this much after it is due, so that the database agrees. */
const DUE_MARGIN_MS = 50
/** Its own connections: a heartbeat that waited for busy jobs would declare a healthy process dead. */
const CONNECTIONS = 3

export type PoolInfo = { poolId: string; class: JobClass; prefetches: boolean }

export type JobWorkers = {
  /** For what belongs to the pools themselves: it is never starved by jobs. */
  db: Pool
  register(pool: PoolInfo): Promise<void>
  /** Gives back whatever the pool still holds and forgets it. */
  release(poolId: string): Promise<void>
  close(): Promise<void>
}

export type JobWorkersOptions = {
  directUrl: string
  /** The pool was thought dead, its jobs are with others: it must be replaced. */
  onTakenAway(poolId: string): void
}

export async function openJobWorkers(context: Context, options: JobWorkersOptions): Promise<JobWorkers> {
  const { log, config, processId } = context
  const db = await openDatabase(options.directUrl, { maxPoolSize: CONNECTIONS, prepared: config.prepared })
  const origin = { processId, host: config.host, pid: process.pid, version: VERSION }
  const pools = new Map<string, PoolInfo>()
  let closed = false
  let beats = 0
  let timer: NodeJS.Timeout | undefined
  let beating = Promise.resolve()

  const schedule = (delayMs: number): void => {
    clearTimeout(timer)
    if (!closed) timer = setTimeout(tick, delayMs)
  }
  const tick = (): void => {
    beating = beat().then(schedule, (error: unknown) => {
      log.warn({ err: error }, 'the heartbeat of the job workers failed; others take our jobs if this goes on')
      schedule(BEAT_MS)
    })
  }
  /** Returns when to beat again. */
  const beat = async (): Promise<number> => {
    if (pools.size === 0) return BEAT_MS
    const rows = await beatJobWorkers(db, {
      ...origin,
      ...columns(pools.values()),
      deadAfterSeconds: DEAD_AFTER_SECONDS,
    })
    for (const { poolId, revived } of rows) if (revived && pools.has(poolId)) options.onTakenAway(poolId)
    beats += 1
    const othersDied = rows[0]?.othersDied ?? false
    if (othersDied || beats % BEATS_PER_ORPHAN_SEARCH === 0) report(context, await rescueDeadWorkers(db))
    const nextDeathInMs = rows[0]?.nextDeathInMs ?? BEAT_MS
    return Math.min(BEAT_MS, nextDeathInMs + DUE_MARGIN_MS)
  }
  schedule(BEAT_MS)

  return {
    db,
    async register(pool) {
      await insertJobWorker(db, { ...origin, ...pool })
      pools.set(pool.poolId, pool)
    },
    async release(poolId) {
      pools.delete(poolId)
      await beating // else a beat under way would write the row again
      await takeJobsFrom(db, [poolId])
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await beating
      await db.end()
    },
  }
}

export type Rescue = { poolIds: readonly string[]; jobIds: readonly number[] }

/** Lets the jobs of silent pools run elsewhere, at once. */
export async function rescueDeadWorkers(db: Pool): Promise<Rescue> {
  return await db.transaction(async (tx) => {
    const limits = { deadAfterSeconds: DEAD_AFTER_SECONDS, limit: RESCUE_LIMIT }
    const dead = [...(await lockDeadJobWorkers(tx, limits)), ...(await listOrphanedPools(tx, limits))]
    const poolIds = dead.map(({ poolId }) => poolId)
    return { poolIds, jobIds: poolIds.length === 0 ? [] : await takeJobs(tx, poolIds) }
  })
}

async function takeJobsFrom(db: Pool, poolIds: readonly string[]): Promise<void> {
  await db.transaction(async (tx) => await takeJobs(tx, poolIds))
}

async function takeJobs(tx: Parameters<typeof unlockJobs>[0], poolIds: readonly string[]): Promise<readonly number[]> {
  const jobs = await unlockJobs(tx, { poolIds })
  await deleteJobWorkers(tx, { poolIds })
  if (jobs.length > 0) await announceJobs(tx, { count: jobs.length })
  return jobs.map(({ id }) => id)
}

function columns(pools: Iterable<PoolInfo>): { poolIds: string[]; classes: string[]; prefetches: boolean[] } {
  const all = [...pools]
  return {
    poolIds: all.map((pool) => pool.poolId),
    classes: all.map((pool) => pool.class),
    prefetches: all.map((pool) => pool.prefetches),
  }
}

function report({ log }: Context, { poolIds, jobIds }: Rescue): void {
  if (poolIds.length === 0) return
  log.warn({ poolIds, jobIds }, `${poolIds.length} job workers are gone; their ${jobIds.length} jobs run elsewhere`)
}
