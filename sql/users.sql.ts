// Generated from users.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, time } from './values.ts'

const lockFirstUserRow = z.object({ id: z.guid() })
export type LockFirstUserRow = z.infer<typeof lockFirstUserRow>

/** Held by who makes the first person: the system user's row is the one that always exists. */
export async function lockFirstUser(db: CommonQueryMethods): Promise<LockFirstUserRow> {
  return await db.one(sql.type(lockFirstUserRow)`
    select id from daybreak.users where is_system for update`)
}

const hasPeopleRow = z.object({ people: z.boolean() })
export type HasPeopleRow = z.infer<typeof hasPeopleRow>

export async function hasPeople(db: CommonQueryMethods): Promise<HasPeopleRow> {
  return await db.one(sql.type(hasPeopleRow)`
    select exists (select from daybreak.users where not is_system and deleted_at is null) as people`)
}

const findLoginRow = z.object({ id: z.guid(), username: z.string(), status: z.string(), loginType: z.string(), passwordHash: z.string().nullable() })
export type FindLoginRow = z.infer<typeof findLoginRow>

/** By mail or name: a name has no `@`, so no two people can answer. */
export async function findLogin(db: CommonQueryMethods, params: { login: string }): Promise<FindLoginRow | null> {
  return await db.maybeOne(sql.type(findLoginRow)`
    select id, username, status, login_type, password_hash
    from daybreak.users
    where deleted_at is null and not is_system and (lower(email) = lower(${params.login}) or lower(username) = lower(${params.login}))`)
}

const listUsersRow = z.object({ id: z.guid(), username: z.string(), email: z.string(), name: z.string(), status: z.string(), loginType: z.string(), roles: z.array(z.string()), isSystem: z.boolean(), createdAt: z.date(), updatedAt: z.date(), lastSeenAt: z.date().nullable(), organizationIds: z.array(z.guid()).nullable() })
export type ListUsersRow = z.infer<typeof listUsersRow>

/** By name. A null filter lets all pass; `readerId` is who may see but himself, and learns of nobody by `afterId`. */
export async function listUsers(db: CommonQueryMethods, params: { includeSystem: boolean; readerId: string | null; search: string | null; statuses: readonly string[] | null; role: string | null; loginTypes: readonly string[] | null; seenBefore: Date | null; seenAfter: Date | null; createdBefore: Date | null; createdAfter: Date | null; afterId: string | null; limit: number; offset: number }): Promise<readonly ListUsersRow[]> {
  return await db.any(sql.type(listUsersRow)`
    select id, username, email, name, status, login_type, roles, is_system, created_at, updated_at, last_seen_at,
      array(select m.organization_id from daybreak.organization_members m
        join daybreak.organizations o on o.id = m.organization_id
        where m.user_id = u.id and o.deleted_at is null) as organization_ids
    from daybreak.users u
    where deleted_at is null and (${params.includeSystem}::boolean or not is_system)
      and (${params.readerId}::uuid is null or id = ${params.readerId}::uuid)
      and (${params.search}::text is null or strpos(lower(username), lower(${params.search}::text)) > 0
        or strpos(lower(email), lower(${params.search}::text)) > 0 or strpos(lower(name), lower(${params.search}::text)) > 0)
      and (${array(params.statuses, 'text')}::text[] is null or status = any(${array(params.statuses, 'text')}::text[]))
      and (${params.role}::text is null or ${params.role}::text = any(roles) or ${params.role}::text = 'member')
      and (${array(params.loginTypes, 'text')}::text[] is null or login_type = any(${array(params.loginTypes, 'text')}::text[]))
      and (${time(params.seenBefore)}::timestamptz is null or coalesce(last_seen_at, '-infinity') <= ${time(params.seenBefore)}::timestamptz)
      and (${time(params.seenAfter)}::timestamptz is null or last_seen_at >= ${time(params.seenAfter)}::timestamptz)
      and (${time(params.createdBefore)}::timestamptz is null or created_at <= ${time(params.createdBefore)}::timestamptz)
      and (${time(params.createdAfter)}::timestamptz is null or created_at >= ${time(params.createdAfter)}::timestamptz)
      and (${params.afterId}::uuid is null
        or lower(username) > (select lower(a.username) from daybreak.users a where a.id = ${params.afterId}::uuid
          and (${params.readerId}::uuid is null or a.id = ${params.readerId}::uuid)))
    order by lower(username), id
    limit ${params.limit} offset ${params.offset}`)
}

const countUsersRow = z.object({ users: z.int() })
export type CountUsersRow = z.infer<typeof countUsersRow>

/** Of all pages together. */
export async function countUsers(db: CommonQueryMethods, params: { includeSystem: boolean; readerId: string | null; search: string | null; statuses: readonly string[] | null; role: string | null; loginTypes: readonly string[] | null; seenBefore: Date | null; seenAfter: Date | null; createdBefore: Date | null; createdAfter: Date | null }): Promise<CountUsersRow> {
  return await db.one(sql.type(countUsersRow)`
    select count(*)::integer as users
    from daybreak.users u
    where deleted_at is null and (${params.includeSystem}::boolean or not is_system)
      and (${params.readerId}::uuid is null or id = ${params.readerId}::uuid)
      and (${params.search}::text is null or strpos(lower(username), lower(${params.search}::text)) > 0
        or strpos(lower(email), lower(${params.search}::text)) > 0 or strpos(lower(name), lower(${params.search}::text)) > 0)
      and (${array(params.statuses, 'text')}::text[] is null or status = any(${array(params.statuses, 'text')}::text[]))
      and (${params.role}::text is null or ${params.role}::text = any(roles) or ${params.role}::text = 'member')
      and (${array(params.loginTypes, 'text')}::text[] is null or login_type = any(${array(params.loginTypes, 'text')}::text[]))
      and (${time(params.seenBefore)}::timestamptz is null or coalesce(last_seen_at, '-infinity') <= ${time(params.seenBefore)}::timestamptz)
      and (${time(params.seenAfter)}::timestamptz is null or last_seen_at >= ${time(params.seenAfter)}::timestamptz)
      and (${time(params.createdBefore)}::timestamptz is null or created_at <= ${time(params.createdBefore)}::timestamptz)
      and (${time(params.createdAfter)}::timestamptz is null or created_at >= ${time(params.createdAfter)}::timestamptz)`)
}

const lockUserRow = z.object({ id: z.guid(), username: z.string(), name: z.string(), status: z.string(), loginType: z.string(), roles: z.array(z.string()), isSystem: z.boolean(), passwordHash: z.string().nullable() })
export type LockUserRow = z.infer<typeof lockUserRow>

/** A weaker lock than an update of the id: workspaces of the user may be made meanwhile. */
export async function lockUser(db: CommonQueryMethods, params: { id: string }): Promise<LockUserRow | null> {
  return await db.maybeOne(sql.type(lockUserRow)`
    select id, username, name, status, login_type, roles, is_system, password_hash
    from daybreak.users where id = ${params.id} and deleted_at is null for no key update`)
}

const lockUserAloneRow = z.object({ id: z.guid(), roles: z.array(z.string()) })
export type LockUserAloneRow = z.infer<typeof lockUserAloneRow>

/** Until it is released, nobody makes anything that belongs to the user. */
export async function lockUserAlone(db: CommonQueryMethods, params: { id: string }): Promise<LockUserAloneRow | null> {
  return await db.maybeOne(sql.type(lockUserAloneRow)`
    select id, roles from daybreak.users where id = ${params.id} and deleted_at is null for update`)
}

const lockOwnersRow = z.object({ id: z.guid() })
export type LockOwnersRow = z.infer<typeof lockOwnersRow>

/** Those who can still give out every role, in one order, so that two who take it from each other wait and see. */
export async function lockOwners(db: CommonQueryMethods): Promise<readonly LockOwnersRow[]> {
  return await db.any(sql.type(lockOwnersRow)`
    select id from daybreak.users
    where deleted_at is null and not is_system and status <> 'suspended' and 'owner' = any(roles)
    order by id
    for no key update`)
}

const listMemberRolesRow = z.object({ organizationId: z.guid(), roles: z.array(z.string()) })
export type ListMemberRolesRow = z.infer<typeof listMemberRolesRow>

export async function listMemberRoles(db: CommonQueryMethods, params: { userId: string }): Promise<readonly ListMemberRolesRow[]> {
  return await db.any(sql.type(listMemberRolesRow)`
    select organization_id, roles from daybreak.organization_members where user_id = ${params.userId}`)
}

const listKnownCustomRolesRow = z.object({ name: z.string(), organizationId: z.guid().nullable(), displayName: z.string() })
export type ListKnownCustomRolesRow = z.infer<typeof listKnownCustomRolesRow>

export async function listKnownCustomRoles(db: CommonQueryMethods, params: { names: readonly string[] }): Promise<readonly ListKnownCustomRolesRow[]> {
  return await db.any(sql.type(listKnownCustomRolesRow)`
    select name, organization_id, display_name from daybreak.custom_roles where name = any(${array(params.names, 'text')})`)
}

export async function updateProfile(db: CommonQueryMethods, params: { username: string; name: string; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.users set username = ${params.username}, name = ${params.name}, updated_at = clock_timestamp() where id = ${params.id}`)
  return rowCount
}

export async function setUserStatus(db: CommonQueryMethods, params: { status: string; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.users set status = ${params.status}, updated_at = clock_timestamp() where id = ${params.id}`)
  return rowCount
}

export async function setUserRoles(db: CommonQueryMethods, params: { roles: readonly string[]; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.users set roles = ${array(params.roles, 'text')}, updated_at = clock_timestamp() where id = ${params.id}`)
  return rowCount
}

/** Whoever has a password signs in by it. */
export async function setPassword(db: CommonQueryMethods, params: { passwordHash: string; id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.users set password_hash = ${params.passwordHash}, login_type = 'password', updated_at = clock_timestamp()
    where id = ${params.id}`)
  return rowCount
}

/** Of the same password, with today's parameters; one that was changed meanwhile stays. */
export async function replacePasswordHash(db: CommonQueryMethods, params: { passwordHash: string; id: string; before: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.users set password_hash = ${params.passwordHash} where id = ${params.id} and password_hash = ${params.before}`)
  return rowCount
}

export async function noteSignIn(db: CommonQueryMethods, params: { id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    update daybreak.users
    set last_seen_at = clock_timestamp(), status = case status when 'dormant' then 'active' else status end
    where id = ${params.id}`)
  return rowCount
}

const ownsWorkspacesRow = z.object({ owns: z.boolean() })
export type OwnsWorkspacesRow = z.infer<typeof ownsWorkspacesRow>

export async function ownsWorkspaces(db: CommonQueryMethods, params: { id: string }): Promise<OwnsWorkspacesRow> {
  return await db.one(sql.type(ownsWorkspacesRow)`
    select exists (select from daybreak.workspaces where owner_id = ${params.id} and deleted_at is null) as owns`)
}

/** The row stays, because history names it; its rights and ways in do not. */
export async function removeUser(db: CommonQueryMethods, params: { id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    with keys as (delete from daybreak.api_keys where user_id = ${params.id}),
      links as (delete from daybreak.sign_in_links where user_id = ${params.id}),
      logins as (delete from daybreak.user_links where user_id = ${params.id}),
      grants as (delete from daybreak.template_acl where user_id = ${params.id}),
      groups as (delete from daybreak.group_members where user_id = ${params.id}),
      members as (delete from daybreak.organization_members where user_id = ${params.id})
    update daybreak.users set deleted_at = clock_timestamp(), password_hash = null, updated_at = clock_timestamp()
    where id = ${params.id}`)
  return rowCount
}

const findPasswordRow = z.object({ passwordHash: z.string().nullable() })
export type FindPasswordRow = z.infer<typeof findPasswordRow>

export async function findPassword(db: CommonQueryMethods, params: { id: string }): Promise<FindPasswordRow | null> {
  return await db.maybeOne(sql.type(findPasswordRow)`
    select password_hash from daybreak.users where id = ${params.id} and deleted_at is null`)
}
