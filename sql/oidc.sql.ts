// Generated from oidc.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array } from './values.ts'

const findUserByEmailRow = z.object({ id: z.guid(), username: z.string(), status: z.string(), loginType: z.string(), roles: z.array(z.string()) })
export type FindUserByEmailRow = z.infer<typeof findUserByEmailRow>

/** Held until the sign-in is written. */
export async function findUserByEmail(db: CommonQueryMethods, params: { email: string }): Promise<FindUserByEmailRow | null> {
  return await db.maybeOne(sql.type(findUserByEmailRow)`
    select id, username, status, login_type, roles
    from daybreak.users
    where deleted_at is null and lower(email) = lower(${params.email})
    for no key update`)
}

const listTakenUsernamesRow = z.object({ username: z.string() })
export type ListTakenUsernamesRow = z.infer<typeof listTakenUsernamesRow>

/** Of the given names, in small letters. */
export async function listTakenUsernames(db: CommonQueryMethods, params: { usernames: readonly string[]; limit: number }): Promise<readonly ListTakenUsernamesRow[]> {
  return await db.any(sql.type(listTakenUsernamesRow)`
    select lower(username) as username
    from daybreak.users
    where deleted_at is null and lower(username) = any(${array(params.usernames, 'text')}::text[])
    limit ${params.limit}`)
}

const listOidcGroupsRow = z.object({ id: z.guid(), name: z.string(), member: z.boolean() })
export type ListOidcGroupsRow = z.infer<typeof listOidcGroupsRow>

/** Those of an organization that providers fill: the named ones, and those that the user is in. */
export async function listOidcGroups(db: CommonQueryMethods, params: { userId: string; organizationId: string; names: readonly string[]; limit: number }): Promise<readonly ListOidcGroupsRow[]> {
  return await db.any(sql.type(listOidcGroupsRow)`
    select g.id, g.name, m.user_id is not null as member
    from daybreak.groups g
    left join daybreak.group_members m on m.group_id = g.id and m.user_id = ${params.userId}
    where g.organization_id = ${params.organizationId} and g.source = 'oidc'
      and (m.user_id is not null or lower(g.name) = any(${array(params.names, 'text')}::text[]))
    order by g.name
    limit ${params.limit}`)
}

const insertOidcGroupRow = z.object({ id: z.guid(), name: z.string() })
export type InsertOidcGroupRow = z.infer<typeof insertOidcGroupRow>

/** Null: there is one of that name, which people fill, or which has just been made. */
export async function insertOidcGroup(db: CommonQueryMethods, params: { organizationId: string; name: string }): Promise<InsertOidcGroupRow | null> {
  return await db.maybeOne(sql.type(insertOidcGroupRow)`
    insert into daybreak.groups (organization_id, name, source) values (${params.organizationId}, ${params.name}, 'oidc')
    on conflict do nothing
    returning id, name`)
}

export async function joinOidcGroups(db: CommonQueryMethods, params: { groupIds: readonly string[]; userId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.group_members (group_id, user_id) select unnest(${array(params.groupIds, 'uuid')}::uuid[]), ${params.userId}
    on conflict do nothing`)
  return rowCount
}

export async function leaveOidcGroups(db: CommonQueryMethods, params: { userId: string; groupIds: readonly string[] }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.group_members where user_id = ${params.userId} and group_id = any(${array(params.groupIds, 'uuid')}::uuid[])`)
  return rowCount
}
