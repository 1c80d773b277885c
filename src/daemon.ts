// This worker process as others see it: which drivers it has, and which jobs it may take.
import { hostname } from 'node:os'
import {
  deleteDaemon,
  deleteStaleDaemons,
  requeueJobsOfDeadWorkers,
  upsertDaemon,
} from '../sql/provisioner_jobs.sql.ts'
import type { Context } from './context.ts'
import { pokeProvisioner, provisionTask } from './jobs/pokes.ts'
import { VERSION } from './version.ts'

/** A worker that was silent so long is dead: it beats every 5 seconds. */
export const DAEMON_STALE_SECONDS = 30
const BEAT_MS = 5_000

/** What a job may ask for: it is taken only where its tags are among these. */
export function daemonTags(hostId: string): { scope: string; owner: string; host: string } {
  return { scope: 'organization', owner: '', host: hostId }
}

export type Daemon = { stop(): Promise<void> }

/** Registers this process, takes back the jobs of its predecessors on this host, and beats until stopped. */
export async function startDaemon(context: Context): Promise<Daemon> {
  await beat(context)
  await requeueAbandoned(context, { predecessors: true })
  const timer = setInterval(() => {
    beat(context).catch((error: unknown) =>
      context.log.warn({ err: error }, 'the worker could not report itself alive'),
    )
  }, BEAT_MS)
  return {
    async stop() {
      clearInterval(timer)
      await deleteDaemon(context.db, { id: context.processId })
    },
  }
}

async function beat(context: Context): Promise<void> {
  await upsertDaemon(context.db, {
    id: context.processId,
    name: `${hostname()}-${process.pid}`,
    host: context.hostId,
    provisioners: [...context.drivers.keys()],
    tags: daemonTags(context.hostId),
    version: VERSION,
  })
}

/**
 * Jobs that a dead worker was running wait again: drivers whose provision repeats without harm take them up. At start
 * the earlier processes of this host are dead however recently they beat, since only one may use a home.
 */
export async function requeueAbandoned(context: Context, { predecessors }: { predecessors: boolean }): Promise<number> {
  const host = predecessors ? context.hostId : null
  const requeued = await requeueJobsOfDeadWorkers(context.db, {
    host,
    processId: context.processId,
    staleSeconds: DAEMON_STALE_SECONDS,
  })
  await deleteStaleDaemons(context.db, { host, processId: context.processId, staleSeconds: DAEMON_STALE_SECONDS })
  for (const { provisioner, tags } of requeued) {
    const tagged = (tags as { host?: string }).host ?? null
    await pokeProvisioner(context.db, provisionTask(provisioner, tagged))
  }
  return requeued.length
}
