// What `daybreak up` shows while it runs: each workspace's way from a directory to ready, one line a step.
import { findFeedStart, listFeedAgentLines, listFeedLines, listFeedStates } from '../../sql/feed.sql.ts'
import type { Db } from '../../sql/database.ts'
import type { Actor } from '../api/access.ts'
import type { Hub } from '../api/hub.ts'
import { readPools } from '../api/prebuilds.ts'
import { trackPools } from './poolLines.ts'
import { trackSteps, type Who, whoOf } from './steps.ts'

/** After a change: long enough for several to become one reading. */
const SETTLE_MS = 60
/** After the last change: nothing tells of log lines, which are written a quarter of a second after they were said. */
const LOGS_MS = 600
/** Of one reading; more scrolled past would help nobody. */
const MAX_LINES = 200
export type FeedLine = Who & { at: Date; level: string; text: string }
export type Feed = { close(): Promise<void> }

export type FeedOptions = {
  db: Db
  hub: Hub
  /** Whose pools are spoken of. */
  actor: Actor
  print: (line: FeedLine) => void
}

export async function startFeed({ db, hub, actor, print }: FeedOptions): Promise<Feed> {
  const poolLines = trackPools()
  const steps = trackSteps()
  const changed = new Set<string>()
  let { lastLogId, lastAgentLogId } = await findFeedStart(db)
  let timer: NodeJS.Timeout | undefined
  let lateLogs: NodeJS.Timeout | undefined
  let reading = Promise.resolve()
  let closed = false

  const read = async (): Promise<void> => {
    const ids = [...changed].slice(0, MAX_LINES)
    for (const id of ids) changed.delete(id)
    const states = ids.length === 0 ? [] : await listFeedStates(db, { ids })
    const claims = steps.note(states)
    for (const line of await listFeedLines(db, { after: lastLogId, limit: MAX_LINES })) {
      lastLogId = line.id
      print({
        at: line.createdAt,
        ...whoOf({ ...line, name: line.workspaceName }),
        level: line.level,
        text: line.output,
      })
    }
    for (const line of claims) print(line)
    for (const line of await listFeedAgentLines(db, { after: lastAgentLogId, limit: MAX_LINES })) {
      lastAgentLogId = line.id
      const who = whoOf({ ...line, name: line.workspaceName })
      print({ at: line.createdAt, ...who, level: line.level, text: `│ ${line.output}` })
    }
    // After what the scripts wrote on the way there.
    for (const line of steps.taken(states)) print(line)
    await printPools()
  }
  const printPools = async (): Promise<void> => {
    for (const { preset, level, text } of poolLines(await readPools(db, actor))) {
      print({ at: new Date(), preset, workspace: '', level, text })
    }
  }
  const schedule = (delayMs: number): void => {
    if (closed) return
    timer ??= setTimeout(() => {
      timer = undefined
      reading = reading
        .then(read)
        .then(() => (changed.size > 0 ? schedule(SETTLE_MS) : undefined))
        .catch(() => {}) // the database is away: its return changes something again
    }, delayMs)
  }
  await printPools()
  const unsubscribe = hub.subscribeAll('workspace', (id) => {
    if (id !== undefined) changed.add(id)
    schedule(SETTLE_MS)
    lateLogs = lateLogs?.refresh() ?? setTimeout(() => schedule(0), LOGS_MS).unref()
  })
  return {
    async close() {
      closed = true
      unsubscribe?.()
      clearTimeout(timer)
      clearTimeout(lateLogs)
      await reading
    },
  }
}
