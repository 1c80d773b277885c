// Generated from template_acl.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array } from './values.ts'

export async function grantTemplate(db: CommonQueryMethods, params: { templateId: string; groupId: string; actions: readonly string[] }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.template_acl (template_id, group_id, actions) values (${params.templateId}, ${params.groupId}, ${array(params.actions, 'text')})`)
  return rowCount
}

/** To one user or to one group. */
export async function setTemplateGrant(db: CommonQueryMethods, params: { templateId: string; userId: string | null; groupId: string | null; actions: readonly string[] }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.template_acl (template_id, user_id, group_id, actions)
    values (${params.templateId}, ${params.userId}, ${params.groupId}, ${array(params.actions, 'text')})
    on conflict (template_id, user_id, group_id) do update set actions = excluded.actions`)
  return rowCount
}

export async function removeTemplateGrants(db: CommonQueryMethods, params: { templateId: string; userIds: readonly string[]; groupIds: readonly string[] }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.template_acl
    where template_id = ${params.templateId} and (user_id = any(${array(params.userIds, 'uuid')}::uuid[]) or group_id = any(${array(params.groupIds, 'uuid')}::uuid[]))`)
  return rowCount
}

const listUsersOfIdsRow = z.object({ id: z.guid(), username: z.string(), email: z.string(), name: z.string(), status: z.string(), loginType: z.string(), roles: z.array(z.string()), isSystem: z.boolean(), createdAt: z.date(), updatedAt: z.date(), lastSeenAt: z.date().nullable(), organizationIds: z.array(z.guid()).nullable() })
export type ListUsersOfIdsRow = z.infer<typeof listUsersOfIdsRow>

/** Whom people see, by name. */
export async function listUsersOfIds(db: CommonQueryMethods, params: { ids: readonly string[]; limit: number }): Promise<readonly ListUsersOfIdsRow[]> {
  return await db.any(sql.type(listUsersOfIdsRow)`
    select id, username, email, name, status, login_type, roles, is_system, created_at, updated_at, last_seen_at,
      array(select m.organization_id from daybreak.organization_members m
        join daybreak.organizations o on o.id = m.organization_id
        where m.user_id = u.id and o.deleted_at is null) as organization_ids
    from daybreak.users u
    where id = any(${array(params.ids, 'uuid')}::uuid[]) and deleted_at is null and not is_system
    order by lower(username), id
    limit ${params.limit}`)
}

const listGrantableUsersRow = z.object({ id: z.guid(), username: z.string(), email: z.string(), name: z.string(), status: z.string(), loginType: z.string(), createdAt: z.date(), updatedAt: z.date(), lastSeenAt: z.date().nullable() })
export type ListGrantableUsersRow = z.infer<typeof listGrantableUsersRow>

/** Members of the organization whose name or e-mail contains the text. */
export async function listGrantableUsers(db: CommonQueryMethods, params: { organizationId: string; text: string; limit: number }): Promise<readonly ListGrantableUsersRow[]> {
  return await db.any(sql.type(listGrantableUsersRow)`
    select u.id, u.username, u.email, u.name, u.status, u.login_type, u.created_at, u.updated_at, u.last_seen_at
    from daybreak.organization_members m
    join daybreak.users u on u.id = m.user_id
    where m.organization_id = ${params.organizationId} and u.deleted_at is null and not u.is_system
      and strpos(lower(u.username || ' ' || u.email), lower(${params.text})) > 0
    order by lower(u.username), u.id
    limit ${params.limit}`)
}
