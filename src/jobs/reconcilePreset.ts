// Keeps one preset's pool at its target. The order of statements matters: lock, take causes, snapshot, decide, write.
// Other orders and isolation levels lose causes or overshoot.
import { hasWakes } from '../../sql/reconcile.sql.ts'
import type { Context } from '../context.ts'
import { nudgePreset, reconcileRequest } from './pokes.ts'
import { reconcileOnce, type ReconcileReport } from './reconcilePreset/once.ts'
import { defineJob } from './task.ts'

/** After so many rounds the worker's place is given to others; the nudge brings the preset back. */
const MAX_ROUNDS = 10

export const reconcilePreset = defineJob({
  ...reconcileRequest,
  class: 'control',
  async run({ presetId }, context) {
    return await reconcileUntilQuiet(context, presetId)
  },
})

/**
 * A holder looks for causes that came while it worked: whoever brought them may have found the preset locked and left.
 */
export async function reconcileUntilQuiet(context: Context, presetId: string): Promise<ReconcileReport> {
  let report = await reconcileOnce(context, presetId)
  for (let round = 1; !('skipped' in report) && (await hasWakes(context.db, { presetId })).waiting; round++) {
    if (round === MAX_ROUNDS) {
      await nudgePreset(context.db, presetId)
      break
    }
    report = await reconcileOnce(context, presetId)
  }
  return report
}
