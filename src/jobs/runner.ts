// One graphile-worker pool: the jobs of one class, on connections of its own.
import { EventEmitter } from 'node:events'
import {
  Logger as GraphileLogger,
  type WorkerPool as GraphilePool,
  type ParsedCronItem,
  parseCronItems,
  type Runner as GraphileRunner,
  run,
  type RunnerOptions,
  type TaskList,
  type WorkerEvents,
} from 'graphile-worker'
import type { Logger } from 'pino'
import { openWorkerPool, type WorkerPool } from '../../sql/database.ts'
import type { Context } from '../context.ts'
import type { JobWorkers } from './jobWorkers.ts'
import { makeOwnership } from './ownership.ts'
import { answerForPool } from './rejections.ts'
import { type Job, type JobClass, MAX_ATTEMPTS, taskNames, toTask } from './task.ts'

/** New jobs are announced by LISTEN; polling finds retries and jobs planned for later. */
const POLL_MS = 10_000
/** For the listener and cron, beside one connection per running job. */
const SPARE_CONNECTIONS = 2
/** Jobs that `bulk` holds per slot: more would only add to what a crash delays. */
const PREFETCH_PER_SLOT = 4
/** How long `bulk` gathers ended jobs into one statement. */
const BATCH_DELAY_MS = 20
/** A forced end and the closing of connections each get this long; both may hang on a broken network. */
const FORCE_MS = 6_000

export type Runner = {
  poolId: string
  class: JobClass
  /** Settles, with the reason, when the pool must be replaced. */
  broken: Promise<Error>
  /** Takes no more jobs, waits for those that run, gives back the rest. */
  stop(limits: StopLimits): Promise<void>
}

/** After `abortMs` handlers are told to stop, after `forceMs` nobody waits for them any more. */
export type StopLimits = { abortMs: number; forceMs: number }

export type StartRunnerOptions = {
  class: JobClass
  jobs: readonly Job[]
  concurrency: number
  directUrl: string
  workers: JobWorkers
}

export async function startRunner(context: Context, options: StartRunnerOptions): Promise<Runner> {
  const { class: jobClass, workers, concurrency } = options
  const prefetches = jobClass === 'bulk'
  const broken = Promise.withResolvers<Error>()
  const abort = new AbortController()
  const connections = openWorkerPool(options.directUrl, concurrency + SPARE_CONNECTIONS)
  answerForPool(connections, broken.resolve)
  const closeGate = gateConnections(connections)
  const events: WorkerEvents = new EventEmitter()
  let pool: GraphilePool | undefined
  let registered = Promise.resolve()
  events.on('pool:create', ({ workerPool }) => {
    pool = workerPool
    // It asks for jobs as soon as it has a connection, so it gets none before its row is committed.
    registered = workers.register({ poolId: workerPool.id, class: jobClass, prefetches })
    closeGate(registered)
  })
  events.on('pool:fatalError', ({ error }) => broken.resolve(asError(error)))

  const taskPool = { signal: abort.signal, ...makeOwnership(workers.db, { prefetches }) }
  const graphile = await run({
    ...(prefetches ? batching(concurrency) : {}),
    pgPool: connections,
    concurrency,
    pollInterval: POLL_MS,
    noHandleSignals: true,
    logger: new GraphileLogger(() => forward(context.log.child({ class: jobClass }))),
    events,
    taskList: taskList(options.jobs, context, taskPool),
    parsedCronItems: cronItems(options.jobs, context),
  }).catch(async (error: unknown) => {
    await connections.end()
    throw error
  })
  if (!pool) throw new Error('graphile-worker started without a pool')
  const stop = makeStop({ graphile, pool, abort, connections, workers, log: context.log })
  void graphile.promise.then(
    () => broken.resolve(new Error('the pool ended by itself')),
    (error: unknown) => broken.resolve(asError(error)),
  )
  try {
    await registered
  } catch (error) {
    await stop({ abortMs: 0, forceMs: 0 })
    throw error
  }
  return { poolId: pool.id, class: jobClass, broken: broken.promise, stop }
}

type Parts = {
  graphile: GraphileRunner
  pool: GraphilePool
  abort: AbortController
  connections: WorkerPool
  workers: JobWorkers
  log: Logger
}

/** May be called again with tighter limits. */
function makeStop({ graphile, pool, abort, connections, workers, log }: Parts): Runner['stop'] {
  const force = Promise.withResolvers<boolean>()
  const hurry = (): void => abort.abort(new Error('the worker stops'))
  const shutDown = async (): Promise<void> => {
    // A pool that broke has stopped by itself, or is about to.
    const drained = Promise.allSettled([graphile.stop(), graphile.promise, pool.promise])
    if (!(await Promise.race([drained.then(() => true), force.promise]))) {
      hurry()
      await within(FORCE_MS, Promise.allSettled([pool.forcefulShutdown('the worker stopped'), drained]))
    }
    await workers.release(pool.id).catch((error: unknown) => {
      log.warn({ err: error, poolId: pool.id }, 'a job pool could not give back its jobs; other workers will take them')
    })
    await within(FORCE_MS, connections.end())
  }
  let stopped: Promise<void> | undefined
  return async ({ abortMs, forceMs }) => {
    const timers = [setTimeout(hurry, abortMs), setTimeout(() => force.resolve(false), forceMs)]
    stopped ??= shutDown()
    await stopped
    for (const timer of timers) clearTimeout(timer)
  }
}

/** Returns what holds back every connection until a promise resolves. */
function gateConnections(pool: WorkerPool): (until: Promise<void>) => void {
  let gate: Promise<void> = Promise.resolve()
  const connect = pool.connect.bind(pool)
  const gated = (onClient?: Parameters<typeof connect>[0]): Promise<unknown> | undefined => {
    if (!onClient) return gate.then(async () => await connect())
    // This form is the listener's and cron's: they take no jobs.
    void gate.catch(() => {}).then(() => connect(onClient))
    return undefined
  }
  pool.connect = gated as typeof pool.connect
  return (until) => {
    gate = until
    gate.catch(() => {}) // whoever connects hears of it
  }
}

function batching(concurrency: number): RunnerOptions {
  const worker = {
    localQueue: { size: concurrency * PREFETCH_PER_SLOT },
    completeJobBatchDelay: BATCH_DELAY_MS,
    failJobBatchDelay: BATCH_DELAY_MS,
  }
  return { preset: { worker } }
}

function taskList(jobs: readonly Job[], context: Context, pool: Parameters<typeof toTask>[2]): TaskList {
  return Object.fromEntries(
    jobs.flatMap((job) => taskNames(job, context).map((name) => [name, toTask(job, context, pool)])),
  )
}

/** At most one tick of a job waits: a worker that was busy for minutes has nothing to catch up. */
function cronItems(jobs: readonly Job[], context: Context): ParsedCronItem[] {
  const items = jobs.flatMap((job) => {
    if (job.every === undefined) return []
    const { every: match, maxAttempts = MAX_ATTEMPTS, priority = 0 } = job
    return taskNames(job, context).map((task) => {
      const jobKey = `cron:${task}`
      return { task, match, identifier: task, options: { maxAttempts, priority, jobKey, backfillPeriod: 0 } }
    })
  })
  return parseCronItems(items)
}

type LogFunction = (
  level: 'error' | 'warning' | 'info' | 'debug',
  message: string,
  meta?: Record<string, unknown>,
) => void

function forward(log: Logger): LogFunction {
  return (level, message, meta) => {
    if (meta?.failure === true || meta?.success === true) return // toTask said it, with the report
    if (level === 'error') log.error({ err: meta?.error }, message)
    else if (level === 'warning') log.warn(message)
    else if (level === 'info') log.debug(message)
    else log.trace(message)
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, ms)
  await Promise.race([work, late.promise])
  clearTimeout(timer)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
