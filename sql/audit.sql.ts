// Generated from audit.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, json, time, type Json } from './values.ts'

export async function insertAudit(db: CommonQueryMethods, params: { actorId: string | null; organizationId: string | null; action: string; targetType: string; targetId: string; targetName: string; before: Json; after: Json; requestId: string; address: string | null; userAgent: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.audit_log (actor_id, organization_id, action, target_type, target_id, target_name, before, after,
      request_id, address, user_agent)
    values (${params.actorId}, ${params.organizationId}, ${params.action}, ${params.targetType}, ${params.targetId}, ${params.targetName}, ${json(params.before)}, ${json(params.after)}, ${params.requestId},
      ${params.address}::text::inet, ${params.userAgent})`)
  return rowCount
}

const listAuditLogsRow = z.object({ id: z.guid(), at: z.date(), actorId: z.guid().nullable(), actorName: z.string().nullable(), organizationId: z.guid().nullable(), organizationName: z.string().nullable(), action: z.string(), targetType: z.string(), targetId: z.string(), targetName: z.string(), before: z.unknown(), after: z.unknown(), requestId: z.string(), address: z.string().nullable(), userAgent: z.string() })
export type ListAuditLogsRow = z.infer<typeof listAuditLogsRow>

/** Newest first, by id. Ids carry their time, so that `fromId` and `toId` spare reading the rest of the log. A null filter lets all pass. Those in `organizationIds` (null: all, and what belongs to no organization). Names of people and organizations are those of now, deleted ones included. */
export async function listAuditLogs(db: CommonQueryMethods, params: { actorId: string | null; action: string | null; targetType: string | null; targetId: string | null; targetName: string | null; organizationId: string | null; organizationName: string | null; organizationIds: readonly string[] | null; requestId: string | null; from: Date | null; fromId: string | null; to: Date | null; toId: string | null; afterId: string | null; limit: number; offset: number }): Promise<readonly ListAuditLogsRow[]> {
  return await db.any(sql.type(listAuditLogsRow)`
    select l.id, l.at, l.actor_id, u.username as actor_name, l.organization_id, o.name as organization_name, l.action,
      l.target_type, l.target_id, l.target_name, l.before, l.after, l.request_id, host(l.address) as address, l.user_agent
    from daybreak.audit_log l
    left join daybreak.users u on u.id = l.actor_id
    left join daybreak.organizations o on o.id = l.organization_id
    where (${params.actorId}::uuid is null or l.actor_id = ${params.actorId}::uuid)
      and (${params.action}::text is null or l.action = ${params.action}::text)
      and (${params.targetType}::text is null or l.target_type = ${params.targetType}::text)
      and (${params.targetId}::text is null or l.target_id = ${params.targetId}::text)
      and (${params.targetName}::text is null or lower(l.target_name) = lower(${params.targetName}::text))
      and (${params.organizationId}::uuid is null or l.organization_id = ${params.organizationId}::uuid)
      and (${params.organizationName}::text is null or l.organization_id in (
        select n.id from daybreak.organizations n where lower(n.name) = lower(${params.organizationName}::text)))
      and (${array(params.organizationIds, 'uuid')}::uuid[] is null or l.organization_id = any(${array(params.organizationIds, 'uuid')}::uuid[]))
      and (${params.requestId}::text is null or l.request_id = ${params.requestId}::text)
      and (${time(params.from)}::timestamptz is null or (l.at >= ${time(params.from)}::timestamptz and l.id >= ${params.fromId}::uuid))
      and (${time(params.to)}::timestamptz is null or (l.at < ${time(params.to)}::timestamptz and l.id < ${params.toId}::uuid))
      and (${params.afterId}::uuid is null or l.id < ${params.afterId}::uuid)
    order by l.id desc
    limit ${params.limit} offset ${params.offset}`)
}

const countAuditLogsRow = z.object({ count: z.int() })
export type CountAuditLogsRow = z.infer<typeof countAuditLogsRow>

/** Counts no further than `limit`. */
export async function countAuditLogs(db: CommonQueryMethods, params: { actorId: string | null; action: string | null; targetType: string | null; targetId: string | null; targetName: string | null; organizationId: string | null; organizationName: string | null; organizationIds: readonly string[] | null; requestId: string | null; from: Date | null; fromId: string | null; to: Date | null; toId: string | null; limit: number }): Promise<CountAuditLogsRow> {
  return await db.one(sql.type(countAuditLogsRow)`
    select count(*)::integer as count from (
      select from daybreak.audit_log l
      where (${params.actorId}::uuid is null or l.actor_id = ${params.actorId}::uuid)
        and (${params.action}::text is null or l.action = ${params.action}::text)
        and (${params.targetType}::text is null or l.target_type = ${params.targetType}::text)
        and (${params.targetId}::text is null or l.target_id = ${params.targetId}::text)
        and (${params.targetName}::text is null or lower(l.target_name) = lower(${params.targetName}::text))
        and (${params.organizationId}::uuid is null or l.organization_id = ${params.organizationId}::uuid)
        and (${params.organizationName}::text is null or l.organization_id in (
          select n.id from daybreak.organizations n where lower(n.name) = lower(${params.organizationName}::text)))
        and (${array(params.organizationIds, 'uuid')}::uuid[] is null or l.organization_id = any(${array(params.organizationIds, 'uuid')}::uuid[]))
        and (${params.requestId}::text is null or l.request_id = ${params.requestId}::text)
        and (${time(params.from)}::timestamptz is null or (l.at >= ${time(params.from)}::timestamptz and l.id >= ${params.fromId}::uuid))
        and (${time(params.to)}::timestamptz is null or (l.at < ${time(params.to)}::timestamptz and l.id < ${params.toId}::uuid))
      limit ${params.limit}) as any_row`)
}
