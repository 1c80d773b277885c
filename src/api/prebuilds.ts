import { Router } from 'express'
import { z } from 'zod'
import { readClock } from '../../sql/identity.sql.ts'
import { readPoolCounts, type ReadPoolCountsRow } from '../../sql/prebuild_pool.sql.ts'
import type { Db } from '../../sql/database.ts'
import { listPrebuildPools, type PrebuildPool } from '../contract/prebuilds.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { may } from '../domain/rbac/may.ts'
import { type Actor, templateTarget } from './access.ts'
import { renderWeek } from '../domain/overlap.ts'
import { desiredInstances } from '../domain/windows.ts'
import { type ApiContext, route } from './route.ts'
import { isoOrNull } from './wire/time.ts'

export function prebuilds(context: ApiContext): Router {
  const router = Router()

  route(router, context, listPrebuildPools, async (_input, { actor }) => await readPools(context.db, actor))

  return router
}

const Schedules = z.array(z.object({ cron: z.string(), instances: z.int() }))

/** What is wanted is computed now, so that it is right at the instant of reading. */
export async function readPools(db: Db, actor: Actor): Promise<PrebuildPool[]> {
  const { now } = await readClock(db)
  const rows = await readPoolCounts(db, { limit: MAX_PAGE })
  return rows
    .filter((row) => may(actor.subject, 'read', templateTarget({ ...row, id: row.templateId })))
    .map((row) => poolShape(row, now))
}

function poolShape(row: ReadPoolCountsRow, now: Date): PrebuildPool {
  const base = row.base ?? 0
  const schedules = Schedules.parse(row.schedules)
  const timezone = row.schedulingTimezone
  const target = desiredInstances({ base, timezone, schedules }, now)
  return {
    preset_id: row.presetId,
    preset_name: row.presetName,
    preset_key: row.presetKey,
    template_id: row.templateId,
    template_name: row.templateName,
    template_version_id: row.templateVersionId,
    template_version_name: row.versionName,
    organization_name: row.organizationName,
    // As the reconcile does: schedules that cannot be read any more keep the last size.
    desired: target.source === 'config_error' ? (row.lastDesired ?? target.desired) : target.desired,
    base,
    window: target.window && timezone !== null ? { cron: target.window.cron, timezone } : null,
    until: isoOrNull(target.until),
    ready: row.ready,
    starting: row.starting,
    failed: row.failed,
    hold: row.hold,
    week: renderWeek(base, schedules),
  }
}
