// Generated from user_links.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { json, type Json } from './values.ts'

const findLinkedUserRow = z.object({ id: z.guid(), username: z.string(), status: z.string(), loginType: z.string(), roles: z.array(z.string()), removed: z.boolean() })
export type FindLinkedUserRow = z.infer<typeof findLinkedUserRow>

/** Also one who was removed. Held until the sign-in is written: a suspension that comes meanwhile waits. */
export async function findLinkedUser(db: CommonQueryMethods, params: { linkedId: string }): Promise<FindLinkedUserRow | null> {
  return await db.maybeOne(sql.type(findLinkedUserRow)`
    select u.id, u.username, u.status, u.login_type, u.roles, u.deleted_at is not null as removed
    from daybreak.user_links l
    join daybreak.users u on u.id = l.user_id
    where l.login_type = 'oidc' and l.linked_id = ${params.linkedId} and ${params.linkedId}::text <> ''
    for no key update of u`)
}

const findUserLinkRow = z.object({ linkedId: z.string(), claims: z.unknown(), claimsUpdatedAt: z.date().nullable() })
export type FindUserLinkRow = z.infer<typeof findUserLinkRow>

export async function findUserLink(db: CommonQueryMethods, params: { userId: string }): Promise<FindUserLinkRow | null> {
  return await db.maybeOne(sql.type(findUserLinkRow)`
    select linked_id, claims, claims_updated_at from daybreak.user_links where user_id = ${params.userId} and login_type = 'oidc'`)
}

const saveUserLinkRow = z.object({ userId: z.guid() })
export type SaveUserLinkRow = z.infer<typeof saveUserLinkRow>

/** Null: the user is linked to another identity. */
export async function saveUserLink(db: CommonQueryMethods, params: { userId: string; linkedId: string; claims: Json }): Promise<SaveUserLinkRow | null> {
  return await db.maybeOne(sql.type(saveUserLinkRow)`
    insert into daybreak.user_links as l (user_id, login_type, linked_id, claims, claims_updated_at)
    values (${params.userId}, 'oidc', ${params.linkedId}, ${json(params.claims)}::jsonb, clock_timestamp())
    on conflict (user_id, login_type) do update
    set linked_id = excluded.linked_id, claims = excluded.claims, claims_updated_at = excluded.claims_updated_at,
      updated_at = clock_timestamp()
    where l.linked_id in ('', excluded.linked_id)
    returning user_id`)
}

const listClaimFieldsRow = z.object({ field: z.string() })
export type ListClaimFieldsRow = z.infer<typeof listClaimFieldsRow>

/** The names of all claims that providers have sent about people. */
export async function listClaimFields(db: CommonQueryMethods, params: { limit: number }): Promise<readonly ListClaimFieldsRow[]> {
  return await db.any(sql.type(listClaimFieldsRow)`
    select distinct field
    from daybreak.user_links l
    join daybreak.users u on u.id = l.user_id
    cross join jsonb_object_keys(case jsonb_typeof(l.claims -> 'merged_claims')
      when 'object' then l.claims -> 'merged_claims' else '{}' end) as field
    where l.login_type = 'oidc' and u.deleted_at is null
    order by field
    limit ${params.limit}`)
}

const listClaimValuesRow = z.object({ value: z.string() })
export type ListClaimValuesRow = z.infer<typeof listClaimValuesRow>

/** Texts, and the texts of lists; other values are nothing that could be mapped. */
export async function listClaimValues(db: CommonQueryMethods, params: { field: string; limit: number }): Promise<readonly ListClaimValuesRow[]> {
  return await db.any(sql.type(listClaimValuesRow)`
    select distinct part #>> '{}' as value
    from daybreak.user_links l
    join daybreak.users u on u.id = l.user_id
    cross join lateral (select l.claims -> 'merged_claims' -> ${params.field} as claim) as claims
    cross join jsonb_array_elements(case jsonb_typeof(claim)
      when 'array' then claim when 'string' then jsonb_build_array(claim) else '[]' end) as part
    where l.login_type = 'oidc' and u.deleted_at is null and jsonb_typeof(part) = 'string'
    order by value
    limit ${params.limit}`)
}
