// From the row of one statement to the shape that the decision asks for.
import { z } from 'zod'
import { type ReadPresetSnapshotRow, readPresetSnapshot } from '../../../sql/reconcile.sql.ts'
import type { Tx } from '../../../sql/database.ts'
import type { Config } from '../../config.ts'
import { TemplateManifest } from '../../domain/manifest.ts'
import { backoffEnd } from '../../domain/prebuilds/backoff.ts'
import type { PrebuildSnapshot } from '../../domain/prebuilds.ts'

const BACKOFF_CAP_MS = 30 * 60_000

const instant = z.string().transform((text) => new Date(text))
const Pool = z.array(
  z.object({
    id: z.guid(),
    state: z.enum(['building_pending', 'building', 'booting', 'ready', 'parked', 'failed', 'deleting']),
    createdAt: instant,
    readyAt: instant.nullable(),
    bootDeadlineAt: instant.nullable(),
    failedAt: instant.nullable(),
  }),
)
const Schedules = z.array(z.object({ cron: z.string(), instances: z.int() }))
const Parameters = z.record(z.string(), z.string())

/** What the writes need beside the decision. */
export type PresetFacts = {
  presetId: string
  presetKey: string
  name: string
  templateId: string
  templateVersionId: string
  organizationId: string
  provisioner: string
  parameters: Readonly<Record<string, string>>
  manifest: TemplateManifest | null
}

export type Snapshot = { facts: PresetFacts; snapshot: PrebuildSnapshot; now: Date; lastDesired: number | null }

/**
 * Null for a version that belongs to no template yet. A worker whose clock is behind must not undo the boundary that
 * another applied: `now` never goes back.
 */
export async function readSnapshot(
  tx: Tx,
  { presetId, config }: { presetId: string; config: Config },
): Promise<Snapshot | null> {
  const row = await readPresetSnapshot(tx, { presetId })
  if (!row) return null
  const now = row.appliedAt !== null && row.appliedAt > row.now ? row.appliedAt : row.now
  const manifest = row.manifest === null ? null : TemplateManifest.parse(row.manifest)
  return {
    now,
    lastDesired: row.lastDesired,
    facts: {
      presetId,
      presetKey: row.presetKey,
      name: row.name,
      templateId: row.templateId,
      templateVersionId: row.templateVersionId,
      organizationId: row.organizationId,
      provisioner: row.provisioner,
      parameters: Parameters.parse(row.parameters),
      manifest,
    },
    snapshot: toSnapshot(row, { presetId, config }),
  }
}

function toSnapshot(
  row: ReadPresetSnapshotRow,
  { presetId, config }: { presetId: string; config: Config },
): PrebuildSnapshot {
  const failuresInARow = row.failuresInRow
  const backoffUntil =
    failuresInARow > 0 && row.lastFailureAt !== null
      ? backoffEnd({
          presetId,
          failuresInARow,
          lastFailureAt: row.lastFailureAt,
          baseMs: config.backoffMs,
          capMs: BACKOFF_CAP_MS,
        })
      : null
  return {
    preset: {
      active: row.active,
      base: row.desiredInstances ?? 0,
      timezone: row.schedulingTimezone,
      schedules: Schedules.parse(row.schedules),
      ttlSeconds: row.invalidateAfterSecs,
      lastInvalidatedAt: row.lastInvalidatedAt,
      status: statusOf(row, config),
    },
    paused: row.paused,
    pool: Pool.parse(row.pool),
    backoffUntil,
    probe: failuresInARow > 0,
    hardLimit: config.hardLimit,
    failuresInARow,
    maxInflight: null,
    lastGoodDesired: row.lastDesired,
  }
}

/** A success after the limit was reached, or a higher limit, ends it: what is stored is only what was last decided. */
function statusOf({ prebuildStatus, failuresInRow }: ReadPresetSnapshotRow, { hardLimit }: Config) {
  const status = z.enum(['healthy', 'hard_limited', 'validation_failed']).parse(prebuildStatus)
  const isLimited = hardLimit > 0 && failuresInRow >= hardLimit
  return status === 'hard_limited' && !isLimited ? 'healthy' : status
}
