// Who changed what: written in the transaction of the change, or it did not happen.
import type { Request } from 'express'
import { insertAudit } from '../../sql/audit.sql.ts'
import type { Db } from '../../sql/database.ts'
import type { Json } from '../../sql/values.ts'
import type { Actor } from './access.ts'

export type AuditAction = 'create' | 'write' | 'delete' | 'start' | 'stop' | 'login' | 'logout' | 'register' | 'claim'

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
const SECRET = /password|secret|token|key|hash|cookie/i
const REDACTED = '[redacted]'

export async function audit(db: Db, { actor, request }: Auditor, entry: AuditEntry): Promise<void> {
  const { before, after } = differences(entry.before ?? {}, entry.after ?? {})
  await insertAudit(db, {
    actorId: actor?.id ?? null,
    organizationId: entry.organizationId ?? null,
    action: entry.action,
    targetType: entry.target.type,
    targetId: entry.target.id,
    targetName: entry.target.name ?? '',
    before,
    after,
    requestId: requestIdOf(request),
    address: request?.socket.remoteAddress ?? null,
    userAgent: (request?.get('user-agent') ?? '').slice(0, MAX_USER_AGENT),
  })
}

type Changed = Record<string, Json>

export function differences(
  before: Readonly<Record<string, Json>>,
  after: Readonly<Record<string, Json>>,
): { before: Changed; after: Changed } {
  const changed = { before: {} as Changed, after: {} as Changed }
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (JSON.stringify(before[name]) === JSON.stringify(after[name])) continue
    const hide = SECRET.test(name)
    for (const [side, values] of [
      ['before', before],
      ['after', after],
    ] as const) {
      const value = values[name]
      if (value !== undefined) changed[side][name] = hide && value !== null ? REDACTED : value
    }
  }
  return changed
}

function requestIdOf(request: Request | undefined): string {
  const id: unknown = request?.res?.locals.requestId
  return typeof id === 'string' ? id : ''
}
