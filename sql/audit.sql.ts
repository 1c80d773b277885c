// Generated from audit.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { json, type Json } from './values.ts'

export async function insertAudit(db: CommonQueryMethods, params: { actorId: string | null; organizationId: string | null; action: string; targetType: string; targetId: string; targetName: string; before: Json; after: Json; requestId: string; address: string | null; userAgent: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.audit_log (actor_id, organization_id, action, target_type, target_id, target_name, before, after,
      request_id, address, user_agent)
    values (${params.actorId}, ${params.organizationId}, ${params.action}, ${params.targetType}, ${params.targetId}, ${params.targetName}, ${json(params.before)}, ${json(params.after)}, ${params.requestId},
      ${params.address}::text::inet, ${params.userAgent})`)
  return rowCount
}
