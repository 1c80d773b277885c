// Generated from organizations.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array } from './values.ts'

const listOrganizationsRow = z.object({ id: z.guid(), name: z.string(), displayName: z.string(), description: z.string(), icon: z.string(), isDefault: z.boolean(), createdAt: z.date(), updatedAt: z.date() })
export type ListOrganizationsRow = z.infer<typeof listOrganizationsRow>

/** All, or those of the ids. */
export async function listOrganizations(db: CommonQueryMethods, params: { ids: readonly string[] | null; limit: number }): Promise<readonly ListOrganizationsRow[]> {
  return await db.any(sql.type(listOrganizationsRow)`
    select id, name, display_name, description, icon, is_default, created_at, updated_at
    from daybreak.organizations
    where deleted_at is null and (${array(params.ids, 'uuid')}::uuid[] is null or id = any(${array(params.ids, 'uuid')}::uuid[]))
    order by lower(name), id
    limit ${params.limit}`)
}

const lockOrganizationRow = z.object({ id: z.guid(), name: z.string(), displayName: z.string(), description: z.string(), icon: z.string(), isDefault: z.boolean(), createdAt: z.date(), updatedAt: z.date() })
export type LockOrganizationRow = z.infer<typeof lockOrganizationRow>

/** Nothing can come to belong to it meanwhile. */
export async function lockOrganization(db: CommonQueryMethods, params: { id: string }): Promise<LockOrganizationRow | null> {
  return await db.maybeOne(sql.type(lockOrganizationRow)`
    select id, name, display_name, description, icon, is_default, created_at, updated_at
    from daybreak.organizations
    where id = ${params.id} and deleted_at is null
    for update`)
}

export async function updateOrganization(db: CommonQueryMethods, params: { name: string; displayName: string; description: string; icon: string; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.organizations set name = ${params.name}, display_name = ${params.displayName}, description = ${params.description}, icon = ${params.icon},
      updated_at = clock_timestamp()
    where id = ${params.id}`)
  return rowCount
}

const findDependentsRow = z.object({ hasTemplates: z.boolean(), hasWorkspaces: z.boolean() })
export type FindDependentsRow = z.infer<typeof findDependentsRow>

export async function findDependents(db: CommonQueryMethods, params: { id: string }): Promise<FindDependentsRow> {
  return await db.one(sql.type(findDependentsRow)`
    select exists (select from daybreak.templates where organization_id = ${params.id} and deleted_at is null) as has_templates,
      exists (select from daybreak.workspaces where organization_id = ${params.id} and deleted_at is null) as has_workspaces`)
}

/** What it was stays readable for those who look back; its name is free again. */
export async function deleteOrganization(db: CommonQueryMethods, params: { id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.organizations set deleted_at = clock_timestamp() where id = ${params.id}`)
  return rowCount
}

const listMembersRow = z.object({ userId: z.guid(), organizationId: z.guid(), roles: z.array(z.string()), createdAt: z.date(), updatedAt: z.date(), username: z.string(), name: z.string(), email: z.string(), siteRoles: z.array(z.string()) })
export type ListMembersRow = z.infer<typeof listMembersRow>

/** By name; all, or those of the ids. */
export async function listMembers(db: CommonQueryMethods, params: { organizationId: string; includeSystem: boolean; userIds: readonly string[] | null; limit: number; offset: number }): Promise<readonly ListMembersRow[]> {
  return await db.any(sql.type(listMembersRow)`
    select m.user_id, m.organization_id, m.roles, m.created_at, m.updated_at, u.username, u.name, u.email,
      u.roles as site_roles
    from daybreak.organization_members m
    join daybreak.users u on u.id = m.user_id
    where m.organization_id = ${params.organizationId} and u.deleted_at is null and (${params.includeSystem} or not u.is_system)
      and (${array(params.userIds, 'uuid')}::uuid[] is null or m.user_id = any(${array(params.userIds, 'uuid')}::uuid[]))
    order by lower(u.username), m.user_id
    limit ${params.limit} offset ${params.offset}`)
}

const countMembersRow = z.object({ count: z.int() })
export type CountMembersRow = z.infer<typeof countMembersRow>

export async function countMembers(db: CommonQueryMethods, params: { organizationId: string; includeSystem: boolean; userIds: readonly string[] | null }): Promise<CountMembersRow> {
  return await db.one(sql.type(countMembersRow)`
    select count(*)::integer as count
    from daybreak.organization_members m
    join daybreak.users u on u.id = m.user_id
    where m.organization_id = ${params.organizationId} and u.deleted_at is null and (${params.includeSystem} or not u.is_system)
      and (${array(params.userIds, 'uuid')}::uuid[] is null or m.user_id = any(${array(params.userIds, 'uuid')}::uuid[]))`)
}

const lockMemberRow = z.object({ userId: z.guid(), organizationId: z.guid(), roles: z.array(z.string()), createdAt: z.date(), updatedAt: z.date() })
export type LockMemberRow = z.infer<typeof lockMemberRow>

export async function lockMember(db: CommonQueryMethods, params: { userId: string; organizationId: string }): Promise<LockMemberRow | null> {
  return await db.maybeOne(sql.type(lockMemberRow)`
    select user_id, organization_id, roles, created_at, updated_at from daybreak.organization_members
    where user_id = ${params.userId} and organization_id = ${params.organizationId}
    for update`)
}

const addMemberRow = z.object({ userId: z.guid(), organizationId: z.guid(), roles: z.array(z.string()), createdAt: z.date(), updatedAt: z.date() })
export type AddMemberRow = z.infer<typeof addMemberRow>

/** Null: is one already. */
export async function addMember(db: CommonQueryMethods, params: { userId: string; organizationId: string; roles: readonly string[] }): Promise<AddMemberRow | null> {
  return await db.maybeOne(sql.type(addMemberRow)`
    insert into daybreak.organization_members (user_id, organization_id, roles) values (${params.userId}, ${params.organizationId}, ${array(params.roles, 'text')})
    on conflict do nothing
    returning user_id, organization_id, roles, created_at, updated_at`)
}

const setMemberRolesRow = z.object({ userId: z.guid(), organizationId: z.guid(), roles: z.array(z.string()), createdAt: z.date(), updatedAt: z.date() })
export type SetMemberRolesRow = z.infer<typeof setMemberRolesRow>

export async function setMemberRoles(db: CommonQueryMethods, params: { roles: readonly string[]; userId: string; organizationId: string }): Promise<SetMemberRolesRow> {
  return await db.one(sql.type(setMemberRolesRow)`
    update daybreak.organization_members set roles = ${array(params.roles, 'text')}, updated_at = clock_timestamp()
    where user_id = ${params.userId} and organization_id = ${params.organizationId}
    returning user_id, organization_id, roles, created_at, updated_at`)
}

export async function deleteMember(db: CommonQueryMethods, params: { userId: string; organizationId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.organization_members where user_id = ${params.userId} and organization_id = ${params.organizationId}`)
  return rowCount
}

/** Who comes back later begins without groups. */
export async function leaveGroups(db: CommonQueryMethods, params: { organizationId: string; userId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.group_members m using daybreak.groups g
    where g.id = m.group_id and g.organization_id = ${params.organizationId} and m.user_id = ${params.userId}`)
  return rowCount
}

const listCustomRolesRow = z.object({ name: z.string(), displayName: z.string() })
export type ListCustomRolesRow = z.infer<typeof listCustomRolesRow>

/** Of one organization. */
export async function listCustomRoles(db: CommonQueryMethods, params: { organizationId: string; limit: number }): Promise<readonly ListCustomRolesRow[]> {
  return await db.any(sql.type(listCustomRolesRow)`
    select name, display_name from daybreak.custom_roles where organization_id = ${params.organizationId} order by name limit ${params.limit}`)
}

const joinPoolOwnerRow = z.object({ organizationId: z.guid(), groupId: z.guid() })
export type JoinPoolOwnerRow = z.infer<typeof joinPoolOwnerRow>

/** Makes the system user a member of every organization (or of the one named) of which any version of any template asks for prebuilds, and of the group that gives it a quota there; answers those that lacked something, and writes nothing elsewhere. */
export async function joinPoolOwner(db: CommonQueryMethods, params: { organizationId: string | null }): Promise<readonly JoinPoolOwnerRow[]> {
  return await db.any(sql.type(joinPoolOwnerRow)`
    with lacking as (
      select o.id from daybreak.organizations o
      where o.deleted_at is null and (${params.organizationId}::uuid is null or o.id = ${params.organizationId}::uuid)
        and (not exists (select from daybreak.organization_members m
            where m.organization_id = o.id and m.user_id = daybreak.system_user_id())
          or not exists (select from daybreak.groups g join daybreak.group_members m on m.group_id = g.id
            where g.organization_id = o.id and lower(g.name) = 'coderprebuiltworkspaces'
              and m.user_id = daybreak.system_user_id()))
        and exists (select from daybreak.template_versions v
          join daybreak.template_version_presets p on p.template_version_id = v.id
          where v.organization_id = o.id and p.desired_instances is not null)),
    joined as (
      insert into daybreak.organization_members (user_id, organization_id)
      select daybreak.system_user_id(), id from lacking on conflict do nothing),
    pool_groups as (
      insert into daybreak.groups (organization_id, name, display_name)
      select id, 'coderprebuiltworkspaces', 'Prebuilt Workspaces' from lacking
      on conflict (organization_id, lower(name)) do update set name = excluded.name
      returning id, organization_id),
    grouped as (
      insert into daybreak.group_members (group_id, user_id)
      select id, daybreak.system_user_id() from pool_groups on conflict do nothing)
    select organization_id, id as group_id from pool_groups`)
}
