// Generated from api_keys.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, bytes } from './values.ts'

const insertScopedKeyRow = z.object({ expiresAt: z.date() })
export type InsertScopedKeyRow = z.infer<typeof insertScopedKeyRow>

export async function insertScopedKey(db: CommonQueryMethods, params: { id: string; hashedSecret: Buffer; userId: string; loginType: string; tokenName: string; scopes: readonly string[]; allowList: readonly string[]; lifetimeSeconds: number }): Promise<InsertScopedKeyRow> {
  return await db.one(sql.type(insertScopedKeyRow)`
    insert into daybreak.api_keys (id, hashed_secret, user_id, login_type, token_name, scopes, allow_list,
      lifetime_seconds, expires_at)
    values (${params.id}, ${bytes(params.hashedSecret)}, ${params.userId}, ${params.loginType}, ${params.tokenName}, ${array(params.scopes, 'text')}, ${array(params.allowList, 'text')}, ${params.lifetimeSeconds}::integer,
      clock_timestamp() + make_interval(secs => ${params.lifetimeSeconds}::integer))
    returning expires_at`)
}

const listTokensRow = z.object({ id: z.string(), userId: z.guid(), loginType: z.string(), tokenName: z.string(), scopes: z.array(z.string()), allowList: z.array(z.string()), lifetimeSeconds: z.int(), createdAt: z.date(), updatedAt: z.date(), expiresAt: z.date(), lastUsedAt: z.date().nullable() })
export type ListTokensRow = z.infer<typeof listTokensRow>

/** Newest first; those that have expired only on request. */
export async function listTokens(db: CommonQueryMethods, params: { userId: string; includeExpired: boolean; limit: number }): Promise<readonly ListTokensRow[]> {
  return await db.any(sql.type(listTokensRow)`
    select id, user_id, login_type, token_name, scopes, allow_list, lifetime_seconds, created_at, updated_at, expires_at,
      last_used_at
    from daybreak.api_keys
    where user_id = ${params.userId} and login_type = 'token' and (${params.includeExpired}::boolean or expires_at > clock_timestamp())
    order by created_at desc, id
    limit ${params.limit}`)
}

const findKeyRow = z.object({ id: z.string(), userId: z.guid(), loginType: z.string(), tokenName: z.string(), scopes: z.array(z.string()), allowList: z.array(z.string()), lifetimeSeconds: z.int(), createdAt: z.date(), updatedAt: z.date(), expiresAt: z.date(), lastUsedAt: z.date().nullable() })
export type FindKeyRow = z.infer<typeof findKeyRow>

export async function findKey(db: CommonQueryMethods, params: { id: string; userId: string }): Promise<FindKeyRow | null> {
  return await db.maybeOne(sql.type(findKeyRow)`
    select id, user_id, login_type, token_name, scopes, allow_list, lifetime_seconds, created_at, updated_at, expires_at,
      last_used_at
    from daybreak.api_keys
    where id = ${params.id} and user_id = ${params.userId}`)
}

/** A name is free again once its token has expired. */
export async function deleteTokenNamed(db: CommonQueryMethods, params: { userId: string; tokenName: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.api_keys
    where user_id = ${params.userId} and login_type = 'token' and lower(token_name) = lower(${params.tokenName})
      and expires_at <= clock_timestamp()`)
  return rowCount
}

export async function replaceToken(db: CommonQueryMethods, params: { userId: string; tokenName: string }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.api_keys
    where user_id = ${params.userId} and login_type = 'token' and lower(token_name) = lower(${params.tokenName})`)
  return rowCount
}

/** All that somebody signed in for, but the one that asks for it; tokens are ended one by one. */
export async function deleteSessions(db: CommonQueryMethods, params: { userId: string; exceptId: string | null }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.api_keys
    where user_id = ${params.userId} and login_type <> 'token' and id is distinct from ${params.exceptId}::text`)
  return rowCount
}

export async function deleteExpiredKeys(db: CommonQueryMethods, params: { graceSeconds: number; limit: number }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.api_keys where id in (
      select id from daybreak.api_keys where expires_at < clock_timestamp() - make_interval(secs => ${params.graceSeconds})
      limit ${params.limit} for update skip locked)`)
  return rowCount
}

export async function deleteExpiredLinks(db: CommonQueryMethods, params: { limit: number }): Promise<number> {
  const { rowCount } = await db.query(sql.unsafe`
    delete from daybreak.sign_in_links where token_hash in (
      select token_hash from daybreak.sign_in_links where expires_at < clock_timestamp() limit ${params.limit}
      for update skip locked)`)
  return rowCount
}
