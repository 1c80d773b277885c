// Who changed what: written in the transaction of the change, or it did not happen.
import { isIP } from 'node:net'
import type { Request } from 'express'
import { insertAudit } from '../../sql/audit.sql.ts'
import type { Db } from '../../sql/database.ts'
import type { Json } from '../../sql/values.ts'
import type { RequestOrigin } from '../claims.ts'
import type { AUDIT_ACTIONS } from '../contract/audit.ts'
import type { Actor } from './access.ts'
import { redact } from './audit/redact.ts'
import { storable } from './text.ts'

export type AuditAction = (typeof AUDIT_ACTIONS)[number]

export type AuditEntry = {
  action: AuditAction
  target: { type: string; id: string; name?: string }
  organizationId?: string | null
  /** Whole objects: only what differs is kept, and of secrets only that they differ. */
  before?: Readonly<Record<string, Json>>
  after?: Readonly<Record<string, Json>>
}

/** Null: the system itself, or nobody who is known. */
export type Auditor = { actor: Pick<Actor, 'id'> | null; request?: Request }

const MAX_USER_AGENT = 256
const MAX_REQUEST_ID = 200

export async function audit(db: Db, { actor, request }: Auditor, entry: AuditEntry): Promise<void> {
  const { target } = entry
  const { before, after } = differences(entry.before ?? {}, entry.after ?? {})
  await insertAudit(db, {
    actorId: actor?.id ?? null,
    organizationId: entry.organizationId ?? null,
    action: entry.action,
    targetType: target.type,
    targetId: target.id,
    targetName: storable(target.name ?? ''),
    before: redact(target.type, before),
    after: redact(target.type, after),
    ...originOf(request),
  })
}

/** Where a request came from, as far as it can be stored: what is odd must not make the change fail. */
export function originOf(request: Request | undefined): RequestOrigin {
  return {
    requestId: requestIdOf(request),
    address: addressOf(request),
    userAgent: storable((request?.get('user-agent') ?? '').slice(0, MAX_USER_AGENT)),
  }
}

type Changed = Record<string, Json>

export function differences(
  before: Readonly<Record<string, Json>>,
  after: Readonly<Record<string, Json>>,
): { before: Changed; after: Changed } {
  const changed = { before: {} as Changed, after: {} as Changed }
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]]
    if (JSON.stringify(old) === JSON.stringify(now)) continue
    if (old !== undefined) changed.before[name] = old
    if (now !== undefined) changed.after[name] = now
  }
  return changed
}

function requestIdOf(request: Request | undefined): string {
  const id: unknown = request?.res?.locals.requestId
  return typeof id === 'string' ? storable(id.slice(0, MAX_REQUEST_ID)) : ''
}

/** Without the zone of a link-local address, which PostgreSQL does not read, and IPv4 written as such. */
function addressOf(request: Request | undefined): string | null {
  const text = (request?.ip ?? '').replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(text) === 0 ? null : text
}
