// What a preset's pool needs at one instant: everything comes in as the snapshot, and the job carries out the answer.
import { explain, type Reason } from './prebuilds/explain.ts'
import { compareAge, expiresAt, groupPool, type Pool, type PoolMember } from './prebuilds/pool.ts'
import { desiredInstances, type Schedule, type Target } from './windows.ts'

export type PrebuildSnapshot = {
  preset: {
    /** Of the template's active version, and the template is neither deleted nor deprecated. */
    active: boolean
    base: number
    timezone: string | null
    schedules: readonly Schedule[]
    ttlSeconds: number | null
    lastInvalidatedAt: Date | null
    status: 'healthy' | 'hard_limited' | 'validation_failed'
  }
  paused: boolean
  pool: readonly PoolMember[]
  backoffUntil: Date | null
  /** After a back-off: one creation at a time, until one succeeds. */
  probe: boolean
  /** Failures in a row that end all attempts; 0: no limit. */
  hardLimit: number
  failuresInARow: number
  /** Builds of this preset at the same time; null: no limit. */
  maxInflight: number | null
  /** The target before the stored schedules became unusable; null: there was none. */
  lastGoodDesired?: number | null
  /** For a preset of an old version: the one that replaces it, and until when to wait for it. */
  successor?: { desired: number; ready: number; until: Date } | null
}

export type PrebuildState = {
  desired: number
  actual: number
  expired: number
  eligible: number
  extraneous: number
  starting: number
  stopping: number
  deleting: number
}

export type HoldReason =
  | 'paused'
  | 'succession'
  | 'validation_failed'
  | 'hard_limited'
  | 'backoff'
  | 'probe'
  | 'inflight'
  | 'config_error'

export type PrebuildAction =
  | { type: 'fail'; reason: 'boot_timeout'; ids: string[] }
  | { type: 'delete'; reason: 'inactive' | 'expired' | 'extraneous' | 'old_evidence'; ids: string[] }
  | { type: 'cancel_pending'; count: number; ids: string[] }
  | { type: 'create'; count: number }
  | { type: 'hold'; reason: HoldReason; wanted?: number; until?: Date }

export type PrebuildDecision = { state: PrebuildState; actions: PrebuildAction[]; reasons: Reason[] }

/** Failed members kept to be looked at; more would only cost. */
export const KEEP_FAILED = 3

export function decidePrebuilds(snapshot: PrebuildSnapshot, now: Date): PrebuildDecision {
  const pool = groupPool(snapshot.pool, snapshot.preset, now)
  const target = findTarget(snapshot, now)
  const state = countState(snapshot, { pool, target })
  const actions = decideActions(snapshot, { pool, target, state, now })
  return { state, actions, reasons: explain(snapshot, { target, state, actions }) }
}

type Situation = { pool: Pool; target: Target; state: PrebuildState; now: Date }

/** Schedules that can no longer be read keep the pool at its last good size, not at the base count. */
function findTarget({ preset, lastGoodDesired }: PrebuildSnapshot, now: Date): Target {
  const target = desiredInstances(preset, now)
  return target.source === 'config_error' ? { ...target, desired: lastGoodDesired ?? target.desired } : target
}

function countState({ preset }: PrebuildSnapshot, { pool, target }: { pool: Pool; target: Target }): PrebuildState {
  const { active } = preset
  const desired = active ? target.desired : 0
  return {
    desired,
    actual: pool.running.length,
    expired: pool.expired.length,
    eligible: active ? pool.valid.filter(isReady).length : 0,
    extraneous: active ? Math.max(pool.valid.length - desired, 0) : 0,
    // Those that wait on an inactive preset are cancelled, never started.
    starting: pool.building.length + (active ? pool.pending.length : 0),
    stopping: pool.stopping.length,
    deleting: pool.deleting.length,
  }
}

function decideActions(snapshot: PrebuildSnapshot, situation: Situation): PrebuildAction[] {
  if (snapshot.paused) return [{ type: 'hold', reason: 'paused' }]
  return snapshot.preset.active ? decideActive(snapshot, situation) : decideInactive(snapshot, situation)
}

function decideInactive({ successor }: PrebuildSnapshot, { pool, now }: Situation): PrebuildAction[] {
  // Promotion is rolling: the old pool serves until the new one can, or until its time is up.
  const waits = successor && now < successor.until && successor.ready < Math.min(successor.desired, pool.valid.length)
  return [
    ...cancel(pool.pending.toReversed()),
    ...(waits ? remove('expired', pool.expired) : remove('inactive', pool.running)),
    ...remove('old_evidence', pool.failed),
    ...(waits ? [{ type: 'hold', reason: 'succession', until: successor.until } as const] : []),
  ]
}

function decideActive(snapshot: PrebuildSnapshot, situation: Situation): PrebuildAction[] {
  const { pool, state } = situation
  const tooMany = pool.valid.length + state.starting - state.desired
  // Alone: a failure may start a back-off or reach the limit, so the rest is decided again with it known.
  if (pool.timedOut.length > 0) return fail(pool.timedOut)
  return [
    ...remove('expired', pool.expired),
    // Newest first: the oldest of the queue is the next to be ready.
    ...cancel(pool.pending.toReversed().slice(0, Math.max(tooMany, 0))),
    ...remove('extraneous', pool.valid.toSorted(compareShedding).slice(0, state.extraneous)),
    ...remove('old_evidence', listOldEvidence(pool.failed)),
    ...createOrHold(snapshot, situation),
    ...holdConfiguration(snapshot, situation),
  ]
}

function createOrHold(snapshot: PrebuildSnapshot, situation: Situation): PrebuildAction[] {
  const { pool, state } = situation
  const wanted = Math.max(state.desired - pool.valid.length - state.starting, 0)
  if (wanted === 0) return []
  const blocked = findBlock(snapshot, situation.now)
  if (blocked !== undefined) return [{ type: 'hold', wanted, ...blocked }]

  const probing = state.starting + pool.valid.filter((member) => !isReady(member)).length
  const room = [
    { reason: 'probe', free: snapshot.probe ? 1 - probing : wanted },
    { reason: 'inflight', free: snapshot.maxInflight === null ? wanted : snapshot.maxInflight - state.starting },
  ] as const
  const tightest = room[0].free <= room[1].free ? room[0] : room[1]
  const count = Math.min(wanted, Math.max(tightest.free, 0))
  return [
    ...(count > 0 ? [{ type: 'create', count } as const] : []),
    ...(count < wanted ? [{ type: 'hold', reason: tightest.reason, wanted: wanted - count } as const] : []),
  ]
}

/** What time alone does not mend comes first. A back-off ends at its instant: then a build may start. */
function findBlock(snapshot: PrebuildSnapshot, now: Date): { reason: HoldReason; until?: Date } | undefined {
  const { backoffUntil, failuresInARow, hardLimit, preset } = snapshot
  if (preset.status === 'validation_failed') return { reason: 'validation_failed' }
  const limited = preset.status === 'hard_limited' || (hardLimit > 0 && failuresInARow >= hardLimit)
  if (limited) return { reason: 'hard_limited' }
  return backoffUntil !== null && now < backoffUntil ? { reason: 'backoff', until: backoffUntil } : undefined
}

function holdConfiguration({ lastGoodDesired }: PrebuildSnapshot, { target }: Situation): PrebuildAction[] {
  const kept = target.source === 'config_error' && typeof lastGoodDesired === 'number'
  return kept ? [{ type: 'hold', reason: 'config_error' }] : []
}

function listOldEvidence(failed: readonly PoolMember[]): PoolMember[] {
  return failed.toSorted((a, b) => failedMs(a) - failedMs(b) || compareAge(a, b)).slice(0, -KEEP_FAILED)
}

function failedMs({ createdAt, failedAt }: PoolMember): number {
  return (failedAt ?? createdAt).getTime()
}

/** Never one that can be claimed for one that is still booting. */
function compareShedding(a: PoolMember, b: PoolMember): number {
  return Number(isReady(a)) - Number(isReady(b)) || compareAge(a, b)
}

function isReady({ state }: PoolMember): boolean {
  return state === 'ready'
}

type DeleteReason = Extract<PrebuildAction, { type: 'delete' }>['reason']

function fail(members: readonly PoolMember[]): PrebuildAction[] {
  return members.length === 0 ? [] : [{ type: 'fail', reason: 'boot_timeout', ids: members.map(({ id }) => id) }]
}

function remove(reason: DeleteReason, members: readonly PoolMember[]): PrebuildAction[] {
  return members.length === 0 ? [] : [{ type: 'delete', reason, ids: members.map(({ id }) => id) }]
}

function cancel(members: readonly PoolMember[]): PrebuildAction[] {
  if (members.length === 0) return []
  return [{ type: 'cancel_pending', count: members.length, ids: members.map(({ id }) => id) }]
}

export type NextInstant = { at: Date; reason: 'window' | 'ttl' | 'backoff' | 'boot_deadline' | 'succession' }

type Candidate = { at: Date | null; reason: NextInstant['reason'] }

/** The earliest instant after `now` at which the decision may change although nothing happens. */
export function nextInstant(snapshot: PrebuildSnapshot, now: Date): NextInstant | null {
  const { backoffUntil, paused, preset, successor } = snapshot
  if (paused || (!preset.active && !successor)) return null
  const { valid } = groupPool(snapshot.pool, preset, now)
  const booting = valid.filter((member) => !isReady(member))
  const candidates: Candidate[] = [
    ...valid.map((member) => ({ at: expiresAt(member, preset), reason: 'ttl' as const })),
    ...(preset.active
      ? [
          { at: desiredInstances(preset, now).until, reason: 'window' as const },
          { at: backoffUntil, reason: 'backoff' as const },
          ...booting.map(({ bootDeadlineAt }) => ({ at: bootDeadlineAt, reason: 'boot_deadline' as const })),
        ]
      : [{ at: successor?.until ?? null, reason: 'succession' as const }]),
  ]
  return candidates
    .flatMap(({ at, reason }) => (at !== null && at > now ? [{ at, reason }] : []))
    .reduce<NextInstant | null>((first, next) => (first === null || next.at < first.at ? next : first), null)
}
