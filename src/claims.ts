// Handing a ready prebuild to a person. One statement does all of it, so a crash leaves either everything or nothing.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db, Pool } from '../sql/database.ts'
import { claimPrebuild as claimRow, countClaimable } from '../sql/claims.sql.ts'

/** A row that looks taken may be held for a moment by an agent's report: asked again before it counts as a miss. */
const RETRY_AFTER_MS = [5, 20, 50] as const

export type ClaimTarget = {
  templateId: string
  presetId: string
  presetKey: string
  provisioner: string
  /** Versions whose prebuilds may be handed out. */
  claimable: readonly string[]
  ttlSeconds: number | null
  lastInvalidatedAt: Date | null
}

/** What a change's line in the audit log says of the request behind it. */
export type RequestOrigin = { requestId: string; address: string | null; userAgent: string }
const NO_REQUEST: RequestOrigin = { requestId: '', address: null, userAgent: '' }

export type ClaimOrder = {
  target: ClaimTarget
  /** Who gets it, and who asked. */
  userId: string
  actorId: string
  name: string
  /** The database's time. */
  now: Date
  idempotency: { key: string; hash: Buffer } | null
  /** Absent: no request is behind it. */
  origin?: RequestOrigin
}

export type Claimed = { workspaceId: string }

/**
 * Null when no prebuild is ready. Throws the database's unique violation when the name or the idempotency key is taken.
 */
export async function claimPrebuild(db: Pool, order: ClaimOrder): Promise<Claimed | null> {
  for (let attempt = 0; ; attempt++) {
    const claimed = await tryClaim(db, order)
    if (claimed) return claimed
    const delayMs = RETRY_AFTER_MS[attempt]
    if (delayMs === undefined) return null
    const { target, now } = order
    const { templateId, presetKey, claimable } = target
    const { ready } = await countClaimable(db, { templateId, presetKey, claimable, notBefore: notBefore(target, now) })
    if (ready === 0) return null
    await sleep(delayMs)
  }
}

/** The statement alone: what a test or a benchmark runs many times at once. */
export async function tryClaim(db: Db, order: ClaimOrder): Promise<Claimed | null> {
  const { target, now, idempotency, origin = NO_REQUEST } = order
  return await claimRow(db, {
    templateId: target.templateId,
    presetKey: target.presetKey,
    claimable: target.claimable,
    notBefore: notBefore(target, now),
    userId: order.userId,
    actorId: order.actorId,
    name: order.name,
    now,
    presetId: target.presetId,
    buildId: randomUUID(),
    jobId: randomUUID(),
    provisioner: target.provisioner,
    idempotencyKey: idempotency?.key ?? null,
    requestHash: idempotency?.hash ?? null,
    ...origin,
  })
}

/** Expiry is never stored: a prebuild made before this instant is not handed out. */
export function notBefore(
  { ttlSeconds, lastInvalidatedAt }: Pick<ClaimTarget, 'ttlSeconds' | 'lastInvalidatedAt'>,
  now: Date,
): Date {
  const ttlStart = ttlSeconds === null ? 0 : now.getTime() - ttlSeconds * 1000
  return new Date(Math.max(ttlStart, lastInvalidatedAt?.getTime() ?? 0))
}
