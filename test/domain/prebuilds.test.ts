import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { backoffEnd } from '../../src/domain/prebuilds/backoff.ts'
import type { PoolMember, PoolState } from '../../src/domain/prebuilds/pool.ts'
import { decidePrebuilds, nextInstant, type PrebuildAction, type PrebuildSnapshot } from '../../src/domain/prebuilds.ts'

type Row = {
  id: string
  title: string
  now: string
  settings: { reconciliation_paused: boolean; backoff_interval_s: number }
  preset: {
    using_active_version: boolean
    template_deleted: boolean
    template_deprecated: boolean
    desired_instances: number
    ttl_s: number | null
    last_invalidated_at: string | null
    scheduling_timezone: string | null
    schedules: { cron: string; instances: number }[]
    prebuild_status: PrebuildSnapshot['preset']['status']
  }
  running: { id: string; created_at: string; ready: boolean }[]
  in_progress: { start_pending: number; start_running: number; stop: number; delete: number }
  pending_inactive: number
  backoff: { num_failed: number; last_build_at: string } | null
  expect: { state: object; actions: object[] }
}

const rows: Row[] = JSON.parse(readFileSync(new URL('../vectors/preset_actions.json', import.meta.url), 'utf8')).cases

for (const row of rows) {
  test(`vector ${row.id}: ${row.title}`, (t) => {
    const { state, actions, reasons } = decidePrebuilds(snapshotOf(row), new Date(row.now))
    t.deepEqual(state as object, row.expect.state)
    t.deepEqual(actions.map(asWritten), row.expect.actions)
    t.deepEqual(JSON.parse(JSON.stringify(reasons)), reasons)
  })
}

/** The vectors count cancelled builds and write instants as text. */
function asWritten(action: PrebuildAction): object {
  if (action.type === 'cancel_pending') return { type: action.type, count: action.count }
  return 'until' in action ? { ...action, until: action.until?.toISOString() } : action
}

function snapshotOf(row: Row): PrebuildSnapshot {
  const { preset, in_progress: building, backoff } = row
  const active = preset.using_active_version && !preset.template_deleted && !preset.template_deprecated
  let built = 0
  const many = (count: number, state: PoolState) =>
    Array.from({ length: count }, () => aMember({ id: `build-${built++}`, state, createdAt: new Date(row.now) }))
  return aSnapshot({
    preset: {
      active,
      base: preset.desired_instances,
      timezone: preset.scheduling_timezone,
      schedules: preset.schedules,
      ttlSeconds: preset.ttl_s,
      lastInvalidatedAt: preset.last_invalidated_at === null ? null : new Date(preset.last_invalidated_at),
      status: preset.prebuild_status,
    },
    paused: row.settings.reconciliation_paused,
    pool: [
      ...row.running.map(({ id, created_at, ready }) =>
        aMember({ id, state: ready ? 'ready' : 'booting', createdAt: new Date(created_at) }),
      ),
      // In the vectors an inactive preset's cancellable builds are counted apart from those in progress.
      ...many(building.start_pending, active ? 'building_pending' : 'building'),
      ...many(active ? 0 : row.pending_inactive, 'building_pending'),
      ...many(building.start_running, 'building'),
      ...many(building.stop, 'stopping'),
      ...many(building.delete, 'deleting'),
    ],
    backoffUntil:
      backoff === null
        ? null
        : new Date(Date.parse(backoff.last_build_at) + backoff.num_failed * row.settings.backoff_interval_s * 1000),
  })
}

function aMember(member: Partial<PoolMember>): PoolMember {
  return { id: 'ws', state: 'ready', createdAt: NOW, readyAt: null, bootDeadlineAt: null, failedAt: null, ...member }
}

type Changes = Partial<Omit<PrebuildSnapshot, 'preset'>> & { preset?: Partial<PrebuildSnapshot['preset']> }

function aSnapshot({ preset, ...rest }: Changes): PrebuildSnapshot {
  return {
    preset: {
      active: true,
      base: 0,
      timezone: null,
      schedules: [],
      ttlSeconds: null,
      lastInvalidatedAt: null,
      status: 'healthy',
      ...preset,
    },
    paused: false,
    pool: [],
    backoffUntil: null,
    probe: false,
    hardLimit: 0,
    failuresInARow: 0,
    maxInflight: null,
    ...rest,
  }
}

const NOW = new Date('2025-06-02T12:00:00.000Z')
const after = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)
const actionsOf = (changes: Changes) => decidePrebuilds(aSnapshot(changes), NOW).actions

test('a member that did not boot in time fails, and nothing else is decided before that is known', (t) => {
  const pool = [aMember({ id: 'slow', state: 'booting', bootDeadlineAt: NOW })]
  t.deepEqual(actionsOf({ preset: { base: 1 }, pool }), [{ type: 'fail', reason: 'boot_timeout', ids: ['slow'] }])
  const inTime = [aMember({ state: 'booting', bootDeadlineAt: after(0.001) })]
  t.deepEqual(actionsOf({ preset: { base: 1 }, pool: inTime }), [])
})

const failed = [5, 3, 1, 4, 2].map((age) => aMember({ id: `f${age}`, state: 'failed', failedAt: after(-age) }))

test('the newest three failed members are kept as evidence', (t) => {
  t.deepEqual(actionsOf({ pool: failed }), [{ type: 'delete', reason: 'old_evidence', ids: ['f5', 'f4'] }])
})

test('an inactive preset keeps no evidence and cancels what no worker has', (t) => {
  const pool = [aMember({ id: 'queued', state: 'building_pending' }), aMember({ id: 'ready' }), ...failed]
  t.deepEqual(actionsOf({ preset: { active: false, base: 2 }, pool }), [
    { type: 'cancel_pending', count: 1, ids: ['queued'] },
    { type: 'delete', reason: 'inactive', ids: ['ready'] },
    { type: 'delete', reason: 'old_evidence', ids: ['f1', 'f2', 'f3', 'f4', 'f5'] },
  ])
})

test('of the queued builds the newest are cancelled first', (t) => {
  const pool = [1, 2, 3].map((age) => aMember({ id: `q${age}`, state: 'building_pending', createdAt: after(-age) }))
  t.deepEqual(actionsOf({ preset: { base: 1 }, pool }), [{ type: 'cancel_pending', count: 2, ids: ['q1', 'q2'] }])
})

test('after a back-off one is created, and nothing more until it is ready', (t) => {
  const probing = { preset: { base: 3 }, probe: true, failuresInARow: 1 }
  t.deepEqual(actionsOf(probing), [
    { type: 'create', count: 1 },
    { type: 'hold', reason: 'probe', wanted: 2 },
  ])
  for (const state of ['building_pending', 'building', 'booting'] as const) {
    t.deepEqual(actionsOf({ ...probing, pool: [aMember({ state })] }), [{ type: 'hold', reason: 'probe', wanted: 2 }])
  }
})

test('a limit of builds at once holds the rest back', (t) => {
  const pool = [aMember({ state: 'building' })]
  t.deepEqual(actionsOf({ preset: { base: 5 }, maxInflight: 3, pool }), [
    { type: 'create', count: 2 },
    { type: 'hold', reason: 'inflight', wanted: 2 },
  ])
})

test('failures in a row reach the hard limit before anybody has stored it', (t) => {
  const held: PrebuildAction[] = [{ type: 'hold', reason: 'hard_limited', wanted: 1 }]
  t.deepEqual(actionsOf({ preset: { base: 1 }, hardLimit: 3, failuresInARow: 3 }), held)
  t.deepEqual(actionsOf({ preset: { base: 1 }, hardLimit: 0, failuresInARow: 9 }), [{ type: 'create', count: 1 }])
})

test('schedules that became unusable keep the last good target and say so', (t) => {
  const preset = { base: 0, timezone: 'Mars/Olympus', schedules: [{ cron: '* 9-18 * * *', instances: 3 }] }
  const { state, actions } = decidePrebuilds(aSnapshot({ preset, lastGoodDesired: 3 }), NOW)
  t.is(state.desired, 3)
  t.deepEqual(actions, [
    { type: 'create', count: 3 },
    { type: 'hold', reason: 'config_error' },
  ])
})

test('the old pool serves until its successor can, or until its time is up', (t) => {
  const pool = [aMember({ id: 'a' }), aMember({ id: 'b' }), aMember({ id: 'old', createdAt: after(-3600) })]
  const preset = { active: false, ttlSeconds: 3600 }
  const until = after(60)
  t.deepEqual(actionsOf({ preset, pool, successor: { desired: 5, ready: 1, until } }), [
    { type: 'delete', reason: 'expired', ids: ['old'] },
    { type: 'hold', reason: 'succession', until },
  ])
  const gone: PrebuildAction[] = [{ type: 'delete', reason: 'inactive', ids: ['old', 'a', 'b'] }]
  t.deepEqual(actionsOf({ preset, pool, successor: { desired: 5, ready: 2, until } }), gone)
  t.deepEqual(actionsOf({ preset, pool, successor: { desired: 5, ready: 0, until: NOW } }), gone)
})

test('the next instant is the earliest of boundary, expiry, back-off and boot deadline', (t) => {
  const preset = { base: 1, timezone: 'UTC', schedules: [{ cron: '* 9-18 * * *', instances: 3 }], ttlSeconds: 3600 }
  const pool = [aMember({ createdAt: after(-60) }), aMember({ state: 'booting', bootDeadlineAt: after(120) })]
  const at = (changes: Changes) => nextInstant(aSnapshot({ preset, ...changes }), NOW)
  t.deepEqual(at({}), { at: new Date('2025-06-02T19:00:00Z'), reason: 'window' })
  t.deepEqual(at({ pool: [pool[0]!] }), { at: after(3540), reason: 'ttl' })
  t.deepEqual(at({ pool }), { at: after(120), reason: 'boot_deadline' })
  t.deepEqual(at({ pool, backoffUntil: after(5) }), { at: after(5), reason: 'backoff' })
  t.deepEqual(at({ pool, backoffUntil: NOW }), { at: after(120), reason: 'boot_deadline' })
  t.is(at({ pool, paused: true }), null)
  t.is(nextInstant(aSnapshot({ preset: { base: 1 } }), NOW), null)
})

function wait(presetId: string, failuresInARow: number): number {
  const end = backoffEnd({ presetId, failuresInARow, lastFailureAt: NOW, baseMs: 60_000, capMs: 1_800_000 })
  return end.getTime() - NOW.getTime()
}

test('the wait doubles up to its cap, is at least half of that, and is the same each time', (t) => {
  for (let failures = 1; failures <= 2_000; failures += 1) {
    const longest = Math.min(60_000 * 2 ** (failures - 1), 1_800_000)
    t.true(wait('a', failures) >= longest / 2 && wait('a', failures) <= longest)
    t.is(wait('a', failures), wait('a', failures))
  }
  const spread = new Set(Array.from({ length: 50 }, (_, index) => wait(`preset-${index}`, 3)))
  t.true(spread.size > 45)
  t.is(wait('a', 0), 0)
})

const instant = fc.integer({ min: -7200, max: 7200 }).map(after)
const anyMember = fc.record({
  state: fc.constantFrom<PoolState>(
    'building_pending',
    'building',
    'booting',
    'ready',
    'parked',
    'failed',
    'stopping',
    'deleting',
  ),
  createdAt: fc.integer({ min: -7200, max: 0 }).map(after),
  readyAt: fc.constant(null),
  bootDeadlineAt: fc.option(instant),
  failedAt: fc.option(fc.integer({ min: -7200, max: 0 }).map(after)),
})
const anySnapshot = fc.record({
  preset: fc.record({
    active: fc.boolean(),
    base: fc.nat(6),
    timezone: fc.constantFrom(null, 'UTC', 'Asia/Kolkata'),
    schedules: fc.constantFrom<PrebuildSnapshot['preset']['schedules'][]>(
      [],
      [{ cron: '* 9-18 * * 1-5', instances: 4 }],
      [{ cron: '* 17 * * *', instances: 0 }],
    ),
    ttlSeconds: fc.constantFrom(null, 0, 3600),
    lastInvalidatedAt: fc.option(instant),
    status: fc.constantFrom('healthy' as const, 'hard_limited' as const, 'validation_failed' as const),
  }),
  paused: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
  pool: fc
    .array(anyMember, { maxLength: 14 })
    .map((members) => members.map((member, index) => ({ ...member, id: `ws-${index}` }))),
  backoffUntil: fc.option(instant),
  probe: fc.boolean(),
  hardLimit: fc.constantFrom(0, 3),
  failuresInARow: fc.nat(4),
  maxInflight: fc.option(fc.nat(4)),
  lastGoodDesired: fc.option(fc.nat(5)),
  successor: fc.option(fc.record({ desired: fc.nat(4), ready: fc.nat(4), until: instant })),
})

const created = (actions: readonly PrebuildAction[]) =>
  actions.reduce((sum, action) => (action.type === 'create' ? sum + action.count : sum), 0)
const changing = (actions: readonly PrebuildAction[]) => actions.filter(({ type }) => type !== 'hold')

function holds(property: (snapshot: PrebuildSnapshot) => boolean): void {
  fc.assert(fc.property(anySnapshot, property), { numRuns: 1_000 })
}

test('nothing is created for an inactive or a paused preset', (t) => {
  holds((snapshot) => {
    const count = created(decidePrebuilds(snapshot, NOW).actions)
    return (snapshot.preset.active && !snapshot.paused) || count === 0
  })
  t.pass()
})

test('a decision does not depend on the order of the pool', (t) => {
  fc.assert(
    fc.property(
      anySnapshot.chain((snapshot) =>
        fc.tuple(fc.constant(snapshot), fc.shuffledSubarray([...snapshot.pool], { minLength: snapshot.pool.length })),
      ),
      ([snapshot, pool]) => {
        t.deepEqual(decidePrebuilds({ ...snapshot, pool }, NOW), decidePrebuilds(snapshot, NOW))
      },
    ),
  )
})

test('what is created never takes the pool beyond its target', (t) => {
  holds((snapshot) => {
    const { state, actions } = decidePrebuilds(snapshot, NOW)
    const count = created(actions)
    return count === 0 || count + state.actual - state.expired + state.starting <= state.desired
  })
  t.pass()
})

test('surplus is never shed in the same decision that creates', (t) => {
  holds((snapshot) => {
    const { actions } = decidePrebuilds(snapshot, NOW)
    const sheds = actions.some(
      (action) => action.type === 'cancel_pending' || (action.type === 'delete' && action.reason === 'extraneous'),
    )
    return created(actions) === 0 || !sheds
  })
  t.pass()
})

test('no member is acted on twice in one decision', (t) => {
  holds((snapshot) => {
    const ids = decidePrebuilds(snapshot, NOW).actions.flatMap((action) => ('ids' in action ? action.ids : []))
    return new Set(ids).size === ids.length
  })
  t.pass()
})

test('carried out, a decision leaves nothing to do within two rounds', (t) => {
  holds((snapshot) => {
    const twice = carryOut(carryOut(snapshot))
    return changing(decidePrebuilds(twice, NOW).actions).length === 0
  })
  t.pass()
})

function carryOut(snapshot: PrebuildSnapshot): PrebuildSnapshot {
  const { actions } = decidePrebuilds(snapshot, NOW)
  const gone = new Set(
    actions.flatMap((action) => (action.type === 'delete' || action.type === 'cancel_pending' ? action.ids : [])),
  )
  const timedOut = new Set(actions.flatMap((action) => (action.type === 'fail' ? action.ids : [])))
  const pool = snapshot.pool
    .filter(({ id }) => !gone.has(id))
    .map((member) => (timedOut.has(member.id) ? aFailure(member) : member))
  const added = Array.from({ length: created(actions) }, (_, index) =>
    aMember({ id: `new-${snapshot.pool.length}-${index}`, state: 'building_pending' }),
  )
  return { ...snapshot, pool: [...pool, ...added] }
}

function aFailure(member: PoolMember): PoolMember {
  return { ...member, state: 'failed', failedAt: NOW }
}
