// The members of one preset's pool, sorted into the sets that its rules speak of.

export type PoolState =
  | 'building_pending'
  | 'building'
  | 'booting'
  | 'ready'
  | 'parked'
  | 'failed'
  | 'stopping'
  | 'deleting'

export type PoolMember = {
  id: string
  state: PoolState
  createdAt: Date
  readyAt: Date | null
  /** While booting: when a member that is still not ready counts as failed. Null: no limit. */
  bootDeadlineAt: Date | null
  failedAt: Date | null
}

export type PoolRules = { active: boolean; ttlSeconds: number | null; lastInvalidatedAt: Date | null }

/** Every list is ordered by age, oldest first, then by id, so that no decision depends on the order of rows. */
export type Pool = {
  timedOut: readonly PoolMember[]
  /** Booting and ready, without the timed out. Expired and valid divide it. */
  running: readonly PoolMember[]
  expired: readonly PoolMember[]
  valid: readonly PoolMember[]
  /** Builds that no worker has yet, which can be cancelled at no cost. */
  pending: readonly PoolMember[]
  building: readonly PoolMember[]
  failed: readonly PoolMember[]
  stopping: readonly PoolMember[]
  deleting: readonly PoolMember[]
}

export function groupPool(members: readonly PoolMember[], rules: PoolRules, now: Date): Pool {
  const byAge = members.toSorted(compareAge)
  const inState = (state: PoolState) => byAge.filter((member) => member.state === state)
  const timedOut = rules.active ? byAge.filter((member) => isTimedOut(member, now)) : []
  const running = byAge.filter((member) => isRunning(member) && !timedOut.includes(member))
  const expired = running.filter((member) => isExpired(member, rules, now))
  return {
    timedOut,
    running,
    expired,
    valid: running.filter((member) => !expired.includes(member)),
    pending: inState('building_pending'),
    building: inState('building'),
    failed: inState('failed'),
    stopping: inState('stopping'),
    deleting: inState('deleting'),
  }
}

/** Zero means the same as null: no expiry. */
export function expiresAt(member: PoolMember, { ttlSeconds }: PoolRules): Date | null {
  if (ttlSeconds === null || ttlSeconds <= 0) return null
  return new Date(member.createdAt.getTime() + ttlSeconds * 1000)
}

export function compareAge(a: PoolMember, b: PoolMember): number {
  return a.createdAt.getTime() - b.createdAt.getTime() || compareId(a, b)
}

function compareId(a: PoolMember, b: PoolMember): number {
  if (a.id === b.id) return 0
  return a.id < b.id ? -1 : 1
}

function isRunning({ state }: PoolMember): boolean {
  return state === 'booting' || state === 'ready'
}

function isTimedOut({ state, bootDeadlineAt }: PoolMember, now: Date): boolean {
  return state === 'booting' && bootDeadlineAt !== null && bootDeadlineAt <= now
}

/** Valid in the half-open interval from its creation to its end, like every interval here. */
function isExpired(member: PoolMember, rules: PoolRules, now: Date): boolean {
  const end = expiresAt(member, rules)
  const invalidated = rules.lastInvalidatedAt !== null && member.createdAt < rules.lastInvalidatedAt
  return invalidated || (end !== null && end <= now)
}
