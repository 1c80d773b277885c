// The writes about a prebuild's pool row that agents, builds and drivers share. Each caller locks the pool row first.
import type { Tx } from '../sql/database.ts'
import { insertEvent } from '../sql/claims.sql.ts'
import { failPoolRow, settlePoolRow } from '../sql/prebuild_pool.sql.ts'
import type { Causes } from './jobs/wakes.ts'

/** Makes the row say what build and agents say; a prebuild that stops being ready cannot be claimed from here on. */
export async function settlePool(
  tx: Tx,
  causes: Causes,
  { workspaceId, cause }: { workspaceId: string; cause: string },
): Promise<void> {
  const settled = await settlePoolRow(tx, { workspaceId })
  if (!settled || settled.was === settled.nowIs) return
  const { presetId } = settled
  if (settled.nowIs === 'ready') {
    await insertEvent(tx, { presetId, kind: 'became_ready', workspaceId, userId: null, detail: cause })
  } else if (settled.was === 'ready') {
    await insertEvent(tx, { presetId, kind: 'lost', workspaceId, userId: null, detail: cause })
  }
  await causes.preset(presetId, cause)
  causes.workspace(workspaceId)
}

export type PoolFailure = {
  workspaceId: string
  kind: 'build_failed' | 'start_failed' | 'boot_timeout' | 'lost'
  detail: string
}

/** Keeps the prebuild as evidence; the reconcile replaces it under back-off. */
export async function failPool(tx: Tx, causes: Causes, { workspaceId, kind, detail }: PoolFailure): Promise<void> {
  const failed = await failPoolRow(tx, { workspaceId })
  if (!failed) return
  await insertEvent(tx, { presetId: failed.presetId, kind, workspaceId, userId: null, detail })
  await causes.preset(failed.presetId, kind)
  causes.workspace(workspaceId)
}
