import type { Tx } from '../../../sql/database.ts'
import { findLastDecision, lockPreset, storeBoundary, storeDecision, takeWakes } from '../../../sql/reconcile.sql.ts'
import { setPresetStatus } from '../../../sql/presets.sql.ts'
import type { Context } from '../../context.ts'
import { decidePrebuilds, nextInstant, type PrebuildDecision } from '../../domain/prebuilds.ts'
import { desiredInstances } from '../../domain/windows.ts'
import { setPresetTimer } from '../pokes.ts'
import { type Causes, withWakes } from '../wakes.ts'
import { carryOut, type CarriedOut } from './actions.ts'
import { readSnapshot, type Snapshot } from './snapshot.ts'

export type ReconcileReport = { skipped: string } | (CarriedOut & { causes: string[]; desired: number })

/** One round: READ COMMITTED, one transaction, separate statements. */
export async function reconcileOnce(context: Context, presetId: string): Promise<ReconcileReport> {
  return await withWakes(context.db, async (tx, causes) => {
    if (!(await lockPreset(tx, { presetId }))) return { skipped: 'another worker has this preset, or it is gone' }
    const woken = [...new Set((await takeWakes(tx, { presetId })).map(({ cause }) => cause))]
    const startedMs = performance.now()
    const read = await readSnapshot(tx, { presetId, config: context.config })
    if (!read) return { skipped: 'its version belongs to no template yet' }
    const decision = decidePrebuilds(read.snapshot, read.now)
    const done = await carryOut(tx, causes, { facts: read.facts, actions: decision.actions })
    await record(tx, { read, decision, causes: woken, durationMs: performance.now() - startedMs })
    await setNextWake(tx, { read, decision, causes, unfinished: done.unfinished })
    return { ...done, causes: woken, desired: decision.state.desired }
  })
}

/** Identical repeats would fill the table with what is known. */
async function record(
  tx: Tx,
  {
    read,
    decision,
    causes,
    durationMs,
  }: { read: Snapshot; decision: PrebuildDecision; causes: string[]; durationMs: number },
): Promise<void> {
  const { presetId } = read.facts
  const state = toJson(decision.state)
  const actions = toJson(decision.actions)
  const last = await findLastDecision(tx, { presetId })
  const same = last && sameJson(last.state, state) && sameJson(last.actions, actions)
  if (!same) {
    await storeDecision(tx, {
      presetId,
      at: read.now,
      causes,
      state,
      actions,
      reasons: toJson(decision.reasons),
      durationMs: Math.round(durationMs),
    })
  }
  const limited = decision.actions.some((action) => action.type === 'hold' && action.reason === 'hard_limited')
  await setPresetStatus(tx, { id: presetId, status: limited ? 'hard_limited' : read.snapshot.preset.status })
}

async function setNextWake(
  tx: Tx,
  {
    read,
    decision,
    causes,
    unfinished,
  }: { read: Snapshot; decision: PrebuildDecision; causes: Causes; unfinished: boolean },
): Promise<void> {
  const { presetId } = read.facts
  const target = desiredInstances(read.snapshot.preset, read.now)
  const next = nextInstant(read.snapshot, read.now)
  const hold = decision.actions.findLast((action) => action.type === 'hold')
  await storeBoundary(tx, {
    presetId,
    nextAt: next?.at ?? null,
    nextReason: next?.reason ?? null,
    appliedAt: read.now,
    desired: decision.state.desired,
    windowCron: target.window?.cron ?? null,
    windowUntil: target.until,
    hold: hold?.reason ?? null,
    tzdata: process.versions.tz ?? '',
  })
  if (next) await setPresetTimer(tx, { presetId, at: next.at })
  if (unfinished) await causes.preset(presetId, 'more to do')
}

type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }

function toJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue
}

/** PostgreSQL keeps no order of keys. */
function sameJson(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
