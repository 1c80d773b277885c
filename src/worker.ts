// The worker role: takes jobs, drives workspaces on this host, and keeps the alarm.
import { doubtPoolRow, listPoolOfHost, lockPoolRow } from '../sql/prebuild_pool.sql.ts'
import { listWantedWorkspaces } from '../sql/workspace_agents.sql.ts'
import type { Context } from './context.ts'
import { startDaemon } from './daemon.ts'
import { TemplateManifest } from './domain/manifest.ts'
import { loseWorkspace } from './drivers.ts'
import { startAlarm } from './jobs/alarm.ts'
import { readCredentials } from './jobs/provision/build.ts'
import { jobs } from './jobs/registry.ts'
import { startRunners } from './jobs/runners.ts'
import { withWakes } from './jobs/wakes.ts'
import { settlePool } from './pool.ts'
import type { ResumeReport, WantedWorkspace } from './provisioners/driver.ts'

const RESUME_MS = 60_000
const PAGE = 200
const FIRST_ID = '00000000-0000-0000-0000-000000000000'
/** What a stopping host gives its workspaces: their agents need up to 14 seconds for scripts and last words. */
const STOP_WORKSPACES_MS = 15_000

export type Worker = {
  /** Hands jobs back and leaves workspaces running; `workspaces: 'stop'` stops them too. */
  stop(options: { workspaces: 'leave' | 'stop' }): Promise<void>
}

export type WorkerOptions = { directUrl: string; onFatal(error: unknown): void }

/** Call after `doubtHost`, and when agents can reach the API: those that are started again ask for it at once. */
export async function startWorker(context: Context, { directUrl, onFatal }: WorkerOptions): Promise<Worker> {
  const { config } = context
  const daemon = await startDaemon(context)
  await resumeHost(context)
  const runners = await startRunners(context, jobs, {
    directUrl,
    onFatal,
    concurrency: { control: config.controlConcurrency, provision: config.provisionConcurrency, messages: 1, bulk: 1 },
  })
  const alarm = startAlarm(context)
  const resuming = repeat(async () => await resumeWanted(context), {
    everyMs: RESUME_MS,
    onError(error) {
      const said = 'running workspaces could not be compared with what should run; next try in a minute'
      context.log.warn({ err: error }, said)
    },
  })
  return {
    async stop({ workspaces }) {
      const resumed = resuming.stop()
      await alarm.stop()
      await runners.stop()
      if (workspaces === 'stop') {
        await resumed // or it might start an agent after all have been stopped
        await stopWorkspaces(context)
      }
      for (const driver of context.drivers.values()) await driver.close()
      await daemon.stop()
    },
  }
}

/** One run at a time, each `everyMs` after the last has ended; `stop` waits for the one that runs. */
export function repeat(
  work: () => Promise<unknown>,
  { everyMs, onError }: { everyMs: number; onError(error: unknown): void },
): { stop(): Promise<void> } {
  let stopped = false
  let timer: NodeJS.Timeout
  let running: Promise<unknown> = Promise.resolve()
  const plan = (): void => {
    if (!stopped) timer = setTimeout(run, everyMs)
  }
  const run = (): void => {
    running = work().catch(onError).then(plan)
  }
  plan()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}

/**
 * Nothing of this host may be claimed until it is known to be alive: after a crash the tables may speak of the dead.
 */
export async function doubtHost(context: Context): Promise<void> {
  for (const workspaceId of await listPool(context)) {
    await context.db.transaction(async (tx) => {
      await lockPoolRow(tx, { workspaceId })
      await doubtPoolRow(tx, { workspaceId })
    })
  }
}

async function resumeHost(context: Context): Promise<void> {
  const report = await resumeWanted(context)
  for (const workspaceId of await listPool(context)) {
    await withWakes(context.db, async (tx, causes) => {
      if (await lockPoolRow(tx, { workspaceId })) await settlePool(tx, causes, { workspaceId, cause: 'worker started' })
    })
  }
  context.log.info(
    { ...report },
    `resumed: ${report.adopted} running, ${report.restarted} started again, ${report.killed} stopped`,
  )
}

async function resumeWanted(context: Context): Promise<ResumeReport> {
  const total: ResumeReport = { adopted: 0, restarted: 0, killed: 0 }
  for (const driver of context.drivers.values()) {
    const report = await driver.resume(await listWanted(context))
    total.adopted += report.adopted
    total.restarted += report.restarted
    total.killed += report.killed
  }
  return total
}

async function listWanted(context: Context): Promise<WantedWorkspace[]> {
  const wanted: WantedWorkspace[] = []
  for (let after: string | undefined = FIRST_ID; after !== undefined; ) {
    const page = await listWantedWorkspaces(context.db, { host: context.hostId, after, limit: PAGE })
    for (const { workspaceId, buildId, workspaceName, ownerName, manifest } of page) {
      try {
        const agents = await readCredentials(context, context.db, workspaceId)
        wanted.push({
          workspaceId,
          buildId,
          workspaceName,
          ownerName,
          manifest: TemplateManifest.parse(manifest),
          agents,
        })
      } catch (error) {
        // One that cannot be opened, after a lost key say, must not keep the others from running.
        context.log.error({ err: error, workspaceId }, `workspace ${workspaceId} cannot be resumed`)
      }
    }
    after = page.length === PAGE ? page.at(-1)?.workspaceId : undefined
  }
  return wanted
}

/** The pool rows first: nobody may claim what is about to stop. */
async function stopWorkspaces(context: Context): Promise<void> {
  for (const workspaceId of await listPool(context)) {
    await loseWorkspace(context, { workspaceId, reason: 'the server stops' })
  }
  for (const driver of context.drivers.values()) await driver.stopAll({ graceMs: STOP_WORKSPACES_MS })
}

async function listPool(context: Context): Promise<string[]> {
  const ids: string[] = []
  for (let after: string | undefined = FIRST_ID; after !== undefined; ) {
    const page = await listPoolOfHost(context.db, { host: context.hostId, after, limit: PAGE })
    ids.push(...page.map(({ workspaceId }) => workspaceId))
    after = page.length === PAGE ? page.at(-1)?.workspaceId : undefined
  }
  return ids
}
