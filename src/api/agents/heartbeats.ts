// Heartbeats of many agents become one statement: an agent that is connected already changes nothing but a timestamp.
import { beatAgents } from '../../../sql/workspace_agents.sql.ts'
import type { Context } from '../../context.ts'

/** Far below the 45 seconds after which silence counts. */
const FLUSH_MS = 3_000
/** Above this a flush is due at once. */
const MAX_BATCH = 1_000

export type Heartbeats = { add(agentId: string): void; close(): Promise<void> }

export function collectHeartbeats(context: Context): Heartbeats {
  let waiting = new Set<string>()
  let flushing = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  const flush = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const ids = [...waiting]
    waiting = new Set()
    if (ids.length === 0) return flushing
    flushing = flushing
      .then(async () => {
        await beatAgents(context.db, { ids })
      })
      .catch((error: unknown) => {
        context.log.warn({ err: error, agents: ids.length }, 'heartbeats could not be stored; the agents beat again')
      })
    return flushing
  }
  return {
    add(agentId) {
      waiting.add(agentId)
      if (waiting.size >= MAX_BATCH) void flush()
      else timer ??= setTimeout(() => void flush(), FLUSH_MS)
    },
    close: flush,
  }
}
