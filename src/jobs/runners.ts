// The runners of a process: one per class that has jobs, each replaced when it breaks.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../context.ts'
import { type JobWorkers, openJobWorkers } from './jobWorkers.ts'
import { type Runner, startRunner, type StopLimits } from './runner.ts'
import { JOB_CLASSES, type Job, type JobClass } from './task.ts'

/** A process that stops: handlers hear of it after 5 s, and what sends SIGTERM commonly kills after 30. */
const STOP: StopLimits = { abortMs: 5_000, forceMs: 20_000 }
/** A pool that is replaced may end its jobs in peace; provisioning takes minutes. */
const REPLACED: StopLimits = { abortMs: 15 * 60_000, forceMs: 16 * 60_000 }
/** Rides out eight minutes without a database; a pool that breaks more often needs a fresh process. */
const RESTARTS = 20
const RESTARTS_WITHIN_MS = 10 * 60_000
const BACKOFF_MS = { first: 500, longest: 30_000 }

export type Runners = {
  pools(): readonly { poolId: string; class: JobClass }[]
  stop(): Promise<void>
}

export type RunnersOptions = {
  directUrl: string
  /** How many jobs of each class run at once. */
  concurrency: Readonly<Record<JobClass, number>>
  /** Restarting did not help: the process should end with a code that makes its supervisor start another. */
  onFatal(error: unknown): void
}

/** Serves the classes for which there are jobs. */
export async function startRunners(context: Context, jobs: readonly Job[], options: RunnersOptions): Promise<Runners> {
  const supervised = new Map<JobClass, Supervised>()
  const workers = await openJobWorkers(context, {
    directUrl: options.directUrl,
    onTakenAway(poolId) {
      for (const each of supervised.values()) each.takenAway(poolId)
    },
  })
  const stop = async (): Promise<void> => {
    await Promise.all([...supervised.values()].map(async (each) => await each.stop()))
    await workers.close()
  }
  try {
    for (const jobClass of JOB_CLASSES) {
      const ofClass = jobs.filter((job) => job.class === jobClass)
      if (ofClass.length > 0)
        supervised.set(jobClass, await supervise(context, { jobClass, ofClass, workers, options }))
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { pools: () => [...supervised.values()].flatMap((each) => each.current() ?? []), stop }
}

type Supervised = {
  current(): Runner | undefined
  takenAway(poolId: string): void
  stop(): Promise<void>
}

type Supervision = {
  jobClass: JobClass
  ofClass: readonly Job[]
  workers: JobWorkers
  options: RunnersOptions
}

async function supervise(context: Context, { jobClass, ofClass, workers, options }: Supervision): Promise<Supervised> {
  const stopping = new AbortController()
  const retired = new Map<Runner, Promise<void>>()
  const restarts: number[] = []
  let current: Runner | undefined
  let takenAway = Promise.withResolvers<Error>()

  const start = async (): Promise<Runner> => {
    takenAway = Promise.withResolvers<Error>()
    const concurrency = options.concurrency[jobClass]
    return await startRunner(context, {
      class: jobClass,
      jobs: ofClass,
      concurrency,
      directUrl: options.directUrl,
      workers,
    })
  }
  const retire = (runner: Runner): void => {
    retired.set(
      runner,
      runner.stop(REPLACED).finally(() => retired.delete(runner)),
    )
  }
  const replace = async (reason: Error): Promise<void> => {
    for (let cause = reason; !stopping.signal.aborted; ) {
      const delayMs = nextDelayMs(restarts, performance.now())
      if (delayMs === undefined) {
        options.onFatal(new Error(`the ${jobClass} jobs broke ${RESTARTS} times in 10 minutes`, { cause }))
        return
      }
      context.log.error({ err: cause, class: jobClass, delayMs }, `the ${jobClass} job pool broke and is replaced`)
      try {
        await sleep(delayMs, undefined, { signal: stopping.signal })
        current = await start()
        return
      } catch (error) {
        cause = error as Error
      }
    }
  }
  const watch = async (): Promise<void> => {
    while (current && !stopping.signal.aborted) {
      const runner = current
      const stopped = Promise.withResolvers<undefined>()
      stopping.signal.addEventListener('abort', () => stopped.resolve(undefined), { once: true })
      const reason = await Promise.race([runner.broken, takenAway.promise, stopped.promise])
      if (!reason) return
      current = undefined
      retire(runner)
      await replace(reason)
    }
  }

  current = await start()
  const watching = watch()
  return {
    current: () => current,
    takenAway(poolId) {
      if (current?.poolId === poolId) takenAway.resolve(new Error('the process was silent; its jobs are with others'))
    },
    async stop() {
      stopping.abort()
      await watching
      await Promise.all([current?.stop(STOP), ...[...retired.keys()].map(async (runner) => await runner.stop(STOP))])
      await Promise.all(retired.values())
    },
  }
}

/** How long to wait before the next restart, which it remembers; nothing when there were too many. */
export function nextDelayMs(restarts: number[], nowMs: number): number | undefined {
  while (restarts[0] !== undefined && nowMs - restarts[0] > RESTARTS_WITHIN_MS) restarts.shift()
  if (restarts.length >= RESTARTS) return undefined
  restarts.push(nowMs)
  return Math.min(BACKOFF_MS.first * 2 ** (restarts.length - 1), BACKOFF_MS.longest)
}
