// Each workspace's way to ready, one step at a time; the same step is said once a build.
import type { ListFeedStatesRow } from '../../sql/feed.sql.ts'
import type { FeedLine } from './feed.ts'

/** Workspaces whose last step is remembered; the oldest is forgotten first. */
const MAX_KNOWN = 2_000

/** Either may be empty: a pool has no workspace, a workspace without a preset no pool. */
export type Who = { preset: string; workspace: string }
type Known = Who & { step: string; build: number; isClaimed: boolean }

export function trackSteps() {
  const known = new Map<string, Known>()
  return {
    /** Returns who was claimed since: that comes before what the new owner's scripts wrote. */
    note(states: readonly ListFeedStatesRow[]): FeedLine[] {
      return states.flatMap((state) => {
        const before = known.get(state.id)
        const isSameBuild = before?.build === state.buildNumber
        const who = whoOf(state)
        const step = isSameBuild ? before.step : ''
        known.set(state.id, { ...who, step, build: state.buildNumber, isClaimed: state.claimedAt !== null })
        if (known.size > MAX_KNOWN) known.delete(known.keys().next().value ?? '')
        // What is claimed when it is first seen was claimed before anybody looked on.
        if (!before || before.isClaimed || state.claimedAt === null) return []
        const text = `claimed by ${state.ownerName}, was ${before.workspace}`
        return [{ at: state.claimedAt, ...who, level: 'info', text }]
      })
    },

    taken(states: readonly ListFeedStatesRow[]): FeedLine[] {
      return states.flatMap((state) => {
        const entry = known.get(state.id)
        const step = stepOf(state)
        if (!entry || step === '' || entry.step === step) return []
        entry.step = step
        const { preset, workspace } = entry
        const level = state.jobStatus === 'failed' ? 'error' : 'info'
        return [{ at: new Date(), preset, workspace, level, text: step }]
      })
    },
  }
}

type Named = { name: string; presetName: string | null; ownerName: string }

export function whoOf({ name, presetName, ownerName }: Named): Who {
  const workspace = name.startsWith('prebuild-') ? name.slice(0, 'prebuild-'.length + 6) : `${ownerName}/${name}`
  return { preset: presetName ?? '', workspace }
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
    return 'telling its agent of the new owner'
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
