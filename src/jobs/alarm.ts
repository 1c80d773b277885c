// One per process: asks the database once a second, in one indexed statement, what nobody was told of, and sets timers
// for instants that are near, since graphile-worker looks for due jobs only at its own poll. It only ever asks for
// work; doing it twice, or in two processes, is harmless.
import { z } from 'zod'
import { notifyReinit } from '../../sql/claims.sql.ts'
import { readAlarm } from '../../sql/reconcile.sql.ts'
import { disconnectAgent } from '../../sql/workspace_agents.sql.ts'
import { lockPoolRow } from '../../sql/prebuild_pool.sql.ts'
import type { Context } from '../context.ts'
import { settlePool } from '../pool.ts'
import { nudgePreset, pokeProvisioner } from './pokes.ts'
import { withWakes } from './wakes.ts'

const POLL_MS = 1_000
/** Instants within the next two polls get a timer of their own. */
const HORIZON_SECONDS = 2
/** Three heartbeats of an agent. */
export const AGENT_SILENT_SECONDS = 45

const Due = z.array(z.object({ presetId: z.guid(), at: z.string().transform((text) => new Date(text)) }))

export type Alarm = { stop(): Promise<void> }

export function startAlarm(context: Context): Alarm {
  const timers = new Map<string, NodeJS.Timeout>()
  let stopped = false
  let next: NodeJS.Timeout | undefined
  let polling = Promise.resolve()

  const warn = (error: unknown): void => {
    if (!stopped) context.log.warn({ err: error }, 'the alarm could not read the database; it tries again in a second')
  }
  const ring = (presetId: string): void => {
    timers.delete(presetId)
    nudgePreset(context.db, presetId).catch(warn)
  }
  const poll = async (): Promise<void> => {
    const alarm = await readAlarm(context.db, { horizonSeconds: HORIZON_SECONDS, silentSeconds: AGENT_SILENT_SECONDS })
    for (const presetId of alarm.woken) await nudgePreset(context.db, presetId)
    for (const { presetId, at } of Due.parse(alarm.due)) {
      if (timers.has(presetId)) continue
      const delayMs = Math.max(at.getTime() - alarm.now.getTime(), 0)
      timers.set(presetId, setTimeout(ring, delayMs, presetId))
    }
    for (const task of alarm.tasks) await pokeProvisioner(context.db, task)
    if (alarm.untold.length > 0) await notifyReinit(context.db, { workspaceIds: alarm.untold })
    for (const lost of LostAgents.parse(alarm.lost)) await loseAgent(context, lost)
  }
  const run = (): void => {
    polling = poll()
      .catch(warn)
      .then(() => {
        if (!stopped) next = setTimeout(run, POLL_MS)
      })
  }
  run()
  return {
    async stop() {
      stopped = true
      await polling // it may set more
      clearTimeout(next)
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}

const LostAgents = z.array(z.object({ id: z.guid(), workspaceId: z.guid() }))

/** Its prebuild leaves the pool in the same transaction: nobody is offered what may be dead. */
async function loseAgent(context: Context, { id, workspaceId }: { id: string; workspaceId: string }): Promise<void> {
  await withWakes(context.db, async (tx, causes) => {
    await lockPoolRow(tx, { workspaceId })
    if ((await disconnectAgent(tx, { id, silentSeconds: AGENT_SILENT_SECONDS })) === 0) return
    causes.workspace(workspaceId)
    await settlePool(tx, causes, { workspaceId, cause: 'agent silent' })
  })
}
