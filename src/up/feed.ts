// What `daybreak up` shows while it runs: each workspace's way from a directory to ready, one line a step.
import {
  findFeedStart,
  listFeedAgentLines,
  listFeedLines,
  listFeedStates,
  type ListFeedStatesRow,
} from '../../sql/feed.sql.ts'
import type { Db } from '../../sql/database.ts'
import type { Actor } from '../api/access.ts'
import type { Hub } from '../api/hub.ts'
import { readPools } from '../api/prebuilds.ts'
import { trackPools } from './poolLines.ts'

/** After a change: long enough for several to become one reading. */
const SETTLE_MS = 60
/** Log lines are written a quarter of a second after they were said. */
const LOGS_MS = 400
/** Of one reading; more scrolled past would help nobody. */
const MAX_LINES = 200
/** Workspaces whose last step is remembered; the oldest is forgotten first. */
const MAX_KNOWN = 2_000

export type FeedLine = { at: Date; who: string; level: string; text: string }
export type Feed = { close(): Promise<void> }

type Known = { who: string; step: string }

export type FeedOptions = {
  db: Db
  hub: Hub
  /** Whose pools are spoken of. */
  actor: Actor
  print: (line: FeedLine) => void
}

export async function startFeed({ db, hub, actor, print }: FeedOptions): Promise<Feed> {
  const poolLines = trackPools()
  const known = new Map<string, Known>()
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
    for (const state of states) remember(known, state)
    for (const line of await listFeedLines(db, { after: lastLogId, limit: MAX_LINES })) {
      lastLogId = line.id
      const who = nameOf({ name: line.workspaceName, presetName: line.presetName, ownerName: line.ownerName })
      print({ at: line.createdAt, who, level: line.level, text: line.output })
    }
    for (const state of states) printStep(state)
    for (const line of await listFeedAgentLines(db, { after: lastAgentLogId, limit: MAX_LINES })) {
      lastAgentLogId = line.id
      const who = nameOf({ name: line.workspaceName, presetName: line.presetName, ownerName: line.ownerName })
      print({ at: line.createdAt, who, level: line.level, text: `│ ${line.output}` })
    }
    await printPools()
  }
  const printPools = async (): Promise<void> => {
    for (const { preset, level, text } of poolLines(await readPools(db, actor))) {
      print({ at: new Date(), who: preset, level, text })
    }
  }
  const printStep = (state: ListFeedStatesRow): void => {
    const entry = known.get(state.id)
    const step = stepOf(state)
    if (!entry || step === '' || entry.step === step) return
    entry.step = step
    print({ at: new Date(), who: entry.who, level: state.jobStatus === 'failed' ? 'error' : 'info', text: step })
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
    lateLogs ??= setTimeout(() => {
      lateLogs = undefined
      schedule(0)
    }, LOGS_MS).unref()
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

function remember(known: Map<string, Known>, state: ListFeedStatesRow): void {
  const entry = known.get(state.id) ?? { who: '', step: '' }
  entry.who = nameOf(state)
  known.set(state.id, entry)
  if (known.size > MAX_KNOWN) known.delete(known.keys().next().value ?? '')
}

type Named = { name: string; presetName: string | null; ownerName: string }

function nameOf({ name, presetName, ownerName }: Named): string {
  const workspace = name.startsWith('prebuild-') ? name.slice(0, 'prebuild-'.length + 6) : `${ownerName}/${name}`
  return presetName === null ? workspace : `${presetName}  ${workspace}`
}

/** In the order in which it happens; empty while there is nothing new to say. */
function stepOf(state: ListFeedStatesRow): string {
  if (state.deletedAt !== null) return 'deleted'
  if (state.jobStatus === 'failed') return `build failed: ${state.error}`
  if (state.jobStatus === 'pending') return state.transition === 'start' ? 'ordered' : `${state.transition} ordered`
  if (state.transition !== 'start' || state.lifecycleState === null) return ''
  if (state.disconnectedAt !== null) return 'its agent is gone'
  if (state.firstConnectedAt === null) return ''
  if (state.claimedAt !== null && (state.acknowledgedGeneration ?? 0) < (state.reinitGeneration ?? 0)) {
    return `claimed by ${state.ownerName}, telling its agent`
  }
  const steps: Record<string, string> = {
    created: 'agent connected',
    starting: 'start scripts running',
    ready: 'ready',
    start_error: 'a start script failed',
    start_timeout: 'a start script did not end in time',
    shutting_down: 'stop scripts running',
    off: 'stopped',
  }
  return steps[state.lifecycleState] ?? ''
}
