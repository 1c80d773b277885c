import { Router } from 'express'
import { countAuditLogs, listAuditLogs as listRows, type ListAuditLogsRow } from '../../sql/audit.sql.ts'
import type { Db } from '../../sql/database.ts'
import { findUser } from '../../sql/identity.sql.ts'
import { type AuditChange, type AuditLog, listAuditLogs, MAX_AUDIT_COUNT } from '../contract/audit.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { may } from '../domain/rbac/may.ts'
import { forbidden } from '../domain/refusals.ts'
import type { Actor } from './access.ts'
import { type AuditQuery, parseAuditQuery } from './audit/query.ts'
import { REDACTED } from './audit/redact.ts'
import { asId } from './ids.ts'
import { type ApiContext, route } from './route.ts'
import { iso } from './wire/time.ts'

/** A line's id and its time are read from the clock one after the other. */
const SLACK_MS = 60_000

export function auditLog(context: ApiContext): Router {
  const router = Router()
  const { db } = context

  route(router, context, listAuditLogs, async ({ query }, { actor }) => {
    const organizationIds = auditedOrganizations(actor)
    if (organizationIds?.length === 0) throw forbidden('Only auditors may read who changed what.')
    const filter = await toFilter(db, parseAuditQuery(query.q), actor)
    if (!filter) return { audit_logs: [], count: 0 }
    const seen = { ...filter, organizationIds }
    const page = { afterId: query.after_id ?? null, limit: query.limit || MAX_PAGE, offset: query.offset }
    const rows = await listRows(db, { ...seen, ...page })
    const { count } = await countAuditLogs(db, { ...seen, limit: MAX_AUDIT_COUNT })
    return { audit_logs: rows.map(auditLogShape), count }
  })

  return router
}

/** Null: all, and what belongs to none. */
function auditedOrganizations(actor: Actor): readonly string[] | null {
  if (may(actor.subject, 'read', { type: 'audit_log' })) return null
  return actor.subject.memberships
    .map(({ organizationId }) => organizationId)
    .filter((organizationId) => may(actor.subject, 'read', { type: 'audit_log', organizationId }))
}

/** Null: nothing can match. */
async function toFilter(db: Db, query: AuditQuery, actor: Actor) {
  const actorId = query.actor === undefined ? undefined : await resolveActor(db, query.actor, actor)
  if (actorId === null) return null
  const { organization } = query
  const organizationId = organization === undefined ? null : asId(organization)
  return {
    actorId: actorId ?? null,
    action: query.action ?? null,
    targetType: query.resource_type ?? null,
    targetId: query.resource_id ?? null,
    targetName: query.resource_target ?? null,
    organizationId,
    organizationName: organizationId === null ? (organization ?? null) : null,
    requestId: query.request_id ?? null,
    from: query.date_from ?? null,
    fromId: query.date_from ? idAt(query.date_from, -SLACK_MS) : null,
    to: query.date_to ?? null,
    toId: query.date_to ? idAt(query.date_to, SLACK_MS) : null,
  }
}

/** The first UUID of version 7 of that moment. */
function idAt(time: Date, shiftMs: number): string {
  const ms = Math.max(0, time.getTime() + shiftMs)
  const digits = ms.toString(16).padStart(12, '0')
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-7000-8000-000000000000`
}

/** An id is taken as it is: of somebody who was deleted the log is asked for, too. */
async function resolveActor(db: Db, text: string, actor: Actor): Promise<string | null> {
  if (text === 'me') return actor.id
  return asId(text) ?? (await findUser(db, { id: null, username: text }))?.id ?? null
}

function auditLogShape(row: ListAuditLogsRow): AuditLog {
  const { organizationId, organizationName, actorId, actorName } = row
  return {
    id: row.id,
    time: iso(row.at),
    request_id: row.requestId,
    ip: row.address ?? '',
    user_agent: row.userAgent,
    action: row.action,
    resource_type: row.targetType,
    resource_id: row.targetId,
    resource_target: row.targetName,
    organization: organizationId === null ? null : { id: organizationId, name: organizationName ?? '' },
    user: actorId === null ? null : { id: actorId, username: actorName ?? '' },
    diff: toDiff(row.before, row.after),
  }
}

function toDiff(before: unknown, after: unknown): Record<string, AuditChange> {
  const [old, now] = [before, after] as Record<string, unknown>[]
  const names = new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])
  return Object.fromEntries(
    [...names].map((name) => {
      const [left, right] = [old?.[name] ?? null, now?.[name] ?? null]
      const secret = left === REDACTED || right === REDACTED
      return [name, secret ? { old: '', new: '', secret } : { old: left, new: right, secret }]
    }),
  )
}
