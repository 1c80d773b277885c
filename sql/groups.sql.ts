// Generated from groups.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array } from './values.ts'

const findGroupRow = z.object({ id: z.guid(), organizationId: z.guid(), name: z.string(), displayName: z.string(), avatarUrl: z.string(), quotaAllowance: z.int(), source: z.string(), organizationName: z.string(), organizationDisplayName: z.string(), total: z.int() })
export type FindGroupRow = z.infer<typeof findGroupRow>

/** By id, or by name within an organization. Who is in the group of everyone is who is in the organization. */
export async function findGroup(db: CommonQueryMethods, params: { includeSystem: boolean; id: string | null; organizationId: string | null; name: string | null }): Promise<FindGroupRow | null> {
  return await db.maybeOne(sql.type(findGroupRow)`
    select g.id, g.organization_id, g.name, g.display_name, g.avatar_url, g.quota_allowance, g.source,
      o.name as organization_name, o.display_name as organization_display_name,
      (select count(*)::integer from (
          select m.user_id from daybreak.group_members m where m.group_id = g.id and g.id <> g.organization_id
          union all select m.user_id from daybreak.organization_members m where m.organization_id = g.id) p
        join daybreak.users u on u.id = p.user_id
        where u.deleted_at is null and (${params.includeSystem} or not u.is_system)) as total
    from daybreak.groups g
    join daybreak.organizations o on o.id = g.organization_id
    where o.deleted_at is null and case when ${params.id}::uuid is not null then g.id = ${params.id}::uuid
      else g.organization_id = ${params.organizationId}::uuid and lower(g.name) = lower(${params.name}::text) end`)
}

const listGroupsRow = z.object({ id: z.guid(), organizationId: z.guid(), name: z.string(), displayName: z.string(), avatarUrl: z.string(), quotaAllowance: z.int(), source: z.string(), organizationName: z.string(), organizationDisplayName: z.string(), total: z.int() })
export type ListGroupsRow = z.infer<typeof listGroupsRow>

/** Of one organization, by name; all, or those of the ids. */
export async function listGroups(db: CommonQueryMethods, params: { includeSystem: boolean; organizationId: string; ids: readonly string[] | null; limit: number }): Promise<readonly ListGroupsRow[]> {
  return await db.any(sql.type(listGroupsRow)`
    select g.id, g.organization_id, g.name, g.display_name, g.avatar_url, g.quota_allowance, g.source,
      o.name as organization_name, o.display_name as organization_display_name,
      (select count(*)::integer from (
          select m.user_id from daybreak.group_members m where m.group_id = g.id and g.id <> g.organization_id
          union all select m.user_id from daybreak.organization_members m where m.organization_id = g.id) p
        join daybreak.users u on u.id = p.user_id
        where u.deleted_at is null and (${params.includeSystem} or not u.is_system)) as total
    from daybreak.groups g
    join daybreak.organizations o on o.id = g.organization_id
    where o.deleted_at is null and g.organization_id = ${params.organizationId}
      and (${array(params.ids, 'uuid')}::uuid[] is null or g.id = any(${array(params.ids, 'uuid')}::uuid[]))
    order by lower(g.name), g.id
    limit ${params.limit}`)
}

const listGroupMembersRow = z.object({ groupId: z.guid(), id: z.guid(), username: z.string(), name: z.string(), email: z.string(), createdAt: z.date(), updatedAt: z.date(), lastSeenAt: z.date().nullable(), status: z.string(), loginType: z.string() })
export type ListGroupMembersRow = z.infer<typeof listGroupMembersRow>

/** At most `perGroup` of each group, by name. */
export async function listGroupMembers(db: CommonQueryMethods, params: { includeSystem: boolean; perGroup: number; groupIds: readonly string[] }): Promise<readonly ListGroupMembersRow[]> {
  return await db.any(sql.type(listGroupMembersRow)`
    select g.id as group_id, x.id, x.username, x.name, x.email, x.created_at, x.updated_at, x.last_seen_at, x.status,
      x.login_type
    from daybreak.groups g
    cross join lateral (
      select u.id, u.username, u.name, u.email, u.created_at, u.updated_at, u.last_seen_at, u.status, u.login_type
      from (
        select m.user_id from daybreak.group_members m where m.group_id = g.id and g.id <> g.organization_id
        union all select m.user_id from daybreak.organization_members m where m.organization_id = g.id) p
      join daybreak.users u on u.id = p.user_id
      where u.deleted_at is null and (${params.includeSystem} or not u.is_system)
      order by lower(u.username), u.id
      limit ${params.perGroup}) x
    where g.id = any(${array(params.groupIds, 'uuid')}::uuid[])
    order by g.id, lower(x.username), x.id`)
}

const lockGroupRow = z.object({ id: z.guid() })
export type LockGroupRow = z.infer<typeof lockGroupRow>

export async function lockGroup(db: CommonQueryMethods, params: { id: string }): Promise<LockGroupRow | null> {
  return await db.maybeOne(sql.type(lockGroupRow)`
    select id from daybreak.groups where id = ${params.id} for no key update`)
}

const insertGroupRow = z.object({ id: z.guid() })
export type InsertGroupRow = z.infer<typeof insertGroupRow>

export async function insertGroup(db: CommonQueryMethods, params: { organizationId: string; name: string; displayName: string; avatarUrl: string; quotaAllowance: number }): Promise<InsertGroupRow> {
  return await db.one(sql.type(insertGroupRow)`
    insert into daybreak.groups (organization_id, name, display_name, avatar_url, quota_allowance)
    values (${params.organizationId}, ${params.name}, ${params.displayName}, ${params.avatarUrl}, ${params.quotaAllowance})
    returning id`)
}

export async function updateGroup(db: CommonQueryMethods, params: { name: string; displayName: string; avatarUrl: string; quotaAllowance: number; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.groups set name = ${params.name}, display_name = ${params.displayName}, avatar_url = ${params.avatarUrl},
      quota_allowance = ${params.quotaAllowance}, updated_at = clock_timestamp()
    where id = ${params.id}`)
  return rowCount
}

export async function deleteGroup(db: CommonQueryMethods, params: { id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.groups where id = ${params.id}`)
  return rowCount
}

const listAddableUsersRow = z.object({ id: z.guid() })
export type ListAddableUsersRow = z.infer<typeof listAddableUsersRow>

/** Those of the ids who may be put into a group of the organization: its members, and the owner of prebuilds. */
export async function listAddableUsers(db: CommonQueryMethods, params: { ids: readonly string[]; organizationId: string; limit: number }): Promise<readonly ListAddableUsersRow[]> {
  return await db.any(sql.type(listAddableUsersRow)`
    select u.id from daybreak.users u
    where u.id = any(${array(params.ids, 'uuid')}::uuid[]) and u.deleted_at is null
      and (u.is_system or exists (select from daybreak.organization_members m
        where m.user_id = u.id and m.organization_id = ${params.organizationId}))
    limit ${params.limit}`)
}

const addGroupMembersRow = z.object({ userId: z.guid() })
export type AddGroupMembersRow = z.infer<typeof addGroupMembersRow>

/** Answers who was not in it. */
export async function addGroupMembers(db: CommonQueryMethods, params: { groupId: string; userIds: readonly string[] }): Promise<readonly AddGroupMembersRow[]> {
  return await db.any(sql.type(addGroupMembersRow)`
    insert into daybreak.group_members (group_id, user_id)
    select ${params.groupId}, x.id from unnest(${array(params.userIds, 'uuid')}::uuid[]) as x (id)
    on conflict do nothing
    returning user_id`)
}

const removeGroupMembersRow = z.object({ userId: z.guid() })
export type RemoveGroupMembersRow = z.infer<typeof removeGroupMembersRow>

/** Answers who was in it. */
export async function removeGroupMembers(db: CommonQueryMethods, params: { groupId: string; userIds: readonly string[] }): Promise<readonly RemoveGroupMembersRow[]> {
  return await db.any(sql.type(removeGroupMembersRow)`
    delete from daybreak.group_members where group_id = ${params.groupId} and user_id = any(${array(params.userIds, 'uuid')}::uuid[]) returning user_id`)
}
