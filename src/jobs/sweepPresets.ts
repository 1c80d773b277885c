// The safety net: looks at every preset that has or should have prebuilds. It should find nothing to do; the report
// says if it did.
import { z } from 'zod'
import { withWakes } from './wakes.ts'
import { deleteOldIdempotencyKeys } from '../../sql/claims.sql.ts'
import { listSweepPresets } from '../../sql/presets.sql.ts'
import { deleteOldDecisions } from '../../sql/reconcile.sql.ts'
import { listStrandedRemovals, listUnsettledPoolRows, lockPoolRow, takePoolRow } from '../../sql/prebuild_pool.sql.ts'
import type { Context } from '../context.ts'
import { settlePool } from '../pool.ts'
import { ensurePoolMembership } from '../poolMembership.ts'
import { orderRemoval } from './reconcilePreset/actions.ts'
import { reconcileUntilQuiet } from './reconcilePreset.ts'
import { defineJob } from './task.ts'

const PAGE = 200
const ZERO_ID = '00000000-0000-0000-0000-000000000000'

export const sweepPresets = defineJob({
  name: 'sweepPresets',
  class: 'control',
  payload: z.object({}),
  maxAttempts: 1, // the next one comes in five minutes
  every: '*/5 * * * *',
  async run(_payload, context, run) {
    let presets = 0
    const joined = await context.db.transaction((tx) => ensurePoolMembership(tx, { organizationId: null }))
    let corrections = (await settleRows(context)) + (await removeStranded(context))
    for (let after: string | undefined = ZERO_ID; after !== undefined && !run.signal.aborted; ) {
      const page = await listSweepPresets(context.db, { after, limit: PAGE })
      for (const { id } of page) {
        const report = await reconcileUntilQuiet(context, id)
        presets++
        if (!('skipped' in report) && report.created + report.deleted + report.canceled + report.failed > 0)
          corrections++
      }
      after = page.length === PAGE ? page.at(-1)?.id : undefined
    }
    await deleteOldDecisions(context.db)
    await deleteOldIdempotencyKeys(context.db)
    return { presets, corrections, joined }
  },
})

/** Pool rows that say something else than builds and agents do. */
async function settleRows(context: Context): Promise<number> {
  const rows = await listUnsettledPoolRows(context.db, { limit: PAGE })
  for (const { workspaceId } of rows) {
    await withWakes(context.db, async (tx, causes) => {
      if (await lockPoolRow(tx, { workspaceId })) await settlePool(tx, causes, { workspaceId, cause: 'sweep' })
    })
  }
  return rows.length
}

/** Removals that failed or were cancelled: tried again no more often than the sweep comes. */
async function removeStranded(context: Context): Promise<number> {
  let ordered = 0
  for (const { workspaceId, presetId } of await listStrandedRemovals(context.db, { limit: PAGE })) {
    ordered += await withWakes(context.db, async (tx, causes) => {
      const row = await takePoolRow(tx, { workspaceId })
      return row?.state === 'deleting' ? await orderRemoval(tx, causes, { presetId, workspaceId }) : 0
    })
  }
  return ordered
}
