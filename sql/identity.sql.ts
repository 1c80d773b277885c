// Generated from identity.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, bytes, prepared } from './values.ts'

const readClockRow = z.object({ now: z.date() })
export type ReadClockRow = z.infer<typeof readClockRow>

/** The database's time: the one clock that all processes share. */
export async function readClock(db: CommonQueryMethods): Promise<ReadClockRow> {
  return await db.one(sql.type(readClockRow)`
    select clock_timestamp() as now`)
}

const findSessionRow = z.object({ keyId: z.string(), hashedSecret: z.instanceof(Buffer), loginType: z.string(), scopes: z.array(z.string()), allowList: z.array(z.string()), idle: z.boolean(), id: z.guid(), username: z.string(), status: z.string(), roles: z.array(z.string()), isSystem: z.boolean(), memberships: z.unknown(), groups: z.array(z.guid()), customRoles: z.unknown() })
export type FindSessionRow = z.infer<typeof findSessionRow>

/** A live key with its user and all that decides what he may; the caller compares the secret. `idle`: its last use was not written down for a minute. */
export async function findSession(db: CommonQueryMethods, params: { id: string }): Promise<FindSessionRow | null> {
  return await db.maybeOne(prepared('findSession', findSessionRow)`
    select k.id as key_id, k.hashed_secret, k.login_type, k.scopes, k.allow_list,
      coalesce(k.last_used_at < clock_timestamp() - interval '1 minute', true) as idle,
      u.id, u.username, u.status, u.roles, u.is_system,
      (select coalesce(jsonb_agg(jsonb_build_object('organizationId', m.organization_id, 'roles', m.roles)), '[]')
        from daybreak.organization_members m join daybreak.organizations o on o.id = m.organization_id
        where m.user_id = u.id and o.deleted_at is null) as memberships,
      array(select g.group_id from daybreak.group_members g where g.user_id = u.id) as groups,
      (select coalesce(jsonb_agg(jsonb_build_object('name', c.name, 'organizationId', c.organization_id,
          'displayName', c.display_name, 'site', c.site_permissions, 'organization', c.organization_permissions,
          'user', c.user_permissions)), '[]')
        from daybreak.custom_roles c
        where c.organization_id is null and c.name = any(u.roles)
          or exists (select from daybreak.organization_members m
            where m.user_id = u.id and m.organization_id = c.organization_id and c.name = any(m.roles))) as custom_roles
    from daybreak.api_keys k
    join daybreak.users u on u.id = k.user_id
    where k.id = ${params.id} and k.expires_at > clock_timestamp() and u.deleted_at is null`)
}

/** Its user was seen; who had been away for long is back. */
export async function touchApiKey(db: CommonQueryMethods, params: { id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    with key as (update daybreak.api_keys set last_used_at = clock_timestamp() where id = ${params.id} returning user_id)
    update daybreak.users u
    set last_seen_at = clock_timestamp(), status = case u.status when 'dormant' then 'active' else u.status end
    from key where u.id = key.user_id`)
  return rowCount
}

const insertApiKeyRow = z.object({ id: z.string(), createdAt: z.date(), expiresAt: z.date() })
export type InsertApiKeyRow = z.infer<typeof insertApiKeyRow>

export async function insertApiKey(db: CommonQueryMethods, params: { id: string; hashedSecret: Buffer; userId: string; loginType: string; tokenName: string; lifetimeSeconds: number }): Promise<InsertApiKeyRow> {
  return await db.one(sql.type(insertApiKeyRow)`
    insert into daybreak.api_keys (id, hashed_secret, user_id, login_type, token_name, lifetime_seconds, expires_at)
    values (${params.id}, ${bytes(params.hashedSecret)}, ${params.userId}, ${params.loginType}, ${params.tokenName}, ${params.lifetimeSeconds}::integer,
      clock_timestamp() + make_interval(secs => ${params.lifetimeSeconds}::integer))
    returning id, created_at, expires_at`)
}

export async function deleteApiKey(db: CommonQueryMethods, params: { id: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.api_keys where id = ${params.id}`)
  return rowCount
}

export async function insertSignInLink(db: CommonQueryMethods, params: { tokenHash: Buffer; userId: string; lifetimeSeconds: number }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.sign_in_links (token_hash, user_id, expires_at)
    values (${bytes(params.tokenHash)}, ${params.userId}, clock_timestamp() + make_interval(secs => ${params.lifetimeSeconds}))`)
  return rowCount
}

const useSignInLinkRow = z.object({ userId: z.guid() })
export type UseSignInLinkRow = z.infer<typeof useSignInLinkRow>

/** Deletes what it finds: a link works once. */
export async function useSignInLink(db: CommonQueryMethods, params: { tokenHash: Buffer }): Promise<UseSignInLinkRow | null> {
  return await db.maybeOne(sql.type(useSignInLinkRow)`
    delete from daybreak.sign_in_links where token_hash = ${bytes(params.tokenHash)} and expires_at > clock_timestamp() returning user_id`)
}

export async function deleteSignInLinks(db: CommonQueryMethods, params: { userId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.sign_in_links where user_id = ${params.userId}`)
  return rowCount
}

const findUserRow = z.object({ id: z.guid(), username: z.string(), email: z.string(), name: z.string(), status: z.string(), loginType: z.string(), roles: z.array(z.string()), isSystem: z.boolean(), createdAt: z.date(), updatedAt: z.date(), lastSeenAt: z.date().nullable(), organizationIds: z.array(z.guid()).nullable() })
export type FindUserRow = z.infer<typeof findUserRow>

/** By id, or by name when `id` is null. */
export async function findUser(db: CommonQueryMethods, params: { id: string | null; username: string | null }): Promise<FindUserRow | null> {
  return await db.maybeOne(sql.type(findUserRow)`
    select id, username, email, name, status, login_type, roles, is_system, created_at, updated_at, last_seen_at,
      array(select m.organization_id from daybreak.organization_members m
        join daybreak.organizations o on o.id = m.organization_id
        where m.user_id = u.id and o.deleted_at is null) as organization_ids
    from daybreak.users u
    where deleted_at is null and (id = ${params.id} or lower(username) = lower(${params.username}))`)
}

const findFirstAdminRow = z.object({ id: z.guid(), username: z.string(), canSignIn: z.boolean().nullable() })
export type FindFirstAdminRow = z.infer<typeof findFirstAdminRow>

/** The oldest owner of the deployment. */
export async function findFirstAdmin(db: CommonQueryMethods): Promise<FindFirstAdminRow | null> {
  return await db.maybeOne(sql.type(findFirstAdminRow)`
    select id, username, password_hash is not null or login_type = 'oidc' as can_sign_in
    from daybreak.users
    where deleted_at is null and not is_system and 'owner' = any(roles)
    order by created_at, id
    limit 1`)
}

const insertUserRow = z.object({ id: z.guid() })
export type InsertUserRow = z.infer<typeof insertUserRow>

export async function insertUser(db: CommonQueryMethods, params: { username: string; email: string; name: string; loginType: string; roles: readonly string[] }): Promise<InsertUserRow> {
  return await db.one(sql.type(insertUserRow)`
    insert into daybreak.users (username, email, name, login_type, roles)
    values (${params.username}, ${params.email}, ${params.name}, ${params.loginType}, ${array(params.roles, 'text')})
    returning id`)
}

const insertOrganizationRow = z.object({ id: z.guid() })
export type InsertOrganizationRow = z.infer<typeof insertOrganizationRow>

export async function insertOrganization(db: CommonQueryMethods, params: { name: string; displayName: string; isDefault: boolean }): Promise<InsertOrganizationRow> {
  return await db.one(sql.type(insertOrganizationRow)`
    insert into daybreak.organizations (name, display_name, is_default) values (${params.name}, ${params.displayName}, ${params.isDefault})
    returning id`)
}

export async function insertMember(db: CommonQueryMethods, params: { userId: string; organizationId: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    insert into daybreak.organization_members (user_id, organization_id) values (${params.userId}, ${params.organizationId})
    on conflict do nothing`)
  return rowCount
}

const findOrganizationRow = z.object({ id: z.guid(), name: z.string(), displayName: z.string(), description: z.string(), icon: z.string(), isDefault: z.boolean(), createdAt: z.date(), updatedAt: z.date() })
export type FindOrganizationRow = z.infer<typeof findOrganizationRow>

/** By id, by name, or the default one when both are null. */
export async function findOrganization(db: CommonQueryMethods, params: { id: string | null; name: string | null }): Promise<FindOrganizationRow | null> {
  return await db.maybeOne(sql.type(findOrganizationRow)`
    select id, name, display_name, description, icon, is_default, created_at, updated_at
    from daybreak.organizations
    where deleted_at is null and case
      when ${params.id}::uuid is not null then id = ${params.id}::uuid
      when ${params.name}::text is not null then lower(name) = lower(${params.name}::text)
      else is_default end`)
}

const isMemberRow = z.object({ member: z.boolean() })
export type IsMemberRow = z.infer<typeof isMemberRow>

export async function isMember(db: CommonQueryMethods, params: { userId: string; organizationId: string }): Promise<IsMemberRow> {
  return await db.one(sql.type(isMemberRow)`
    select exists (select from daybreak.organization_members where user_id = ${params.userId} and organization_id = ${params.organizationId})
        as member`)
}
