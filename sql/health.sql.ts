// Generated from health.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'

const findDeploymentIdRow = z.object({ id: z.guid() })
export type FindDeploymentIdRow = z.infer<typeof findDeploymentIdRow>

/** Made of the moment at which the database got its first migration, which no other one shares and no restore changes. */
export async function findDeploymentId(db: CommonQueryMethods): Promise<FindDeploymentIdRow> {
  return await db.one(sql.type(findDeploymentIdRow)`
    select md5('daybreak ' || extract(epoch from applied_at))::uuid as id
    from daybreak.migrations
    order by name
    limit 1`)
}

const listDaemonsRow = z.object({ id: z.guid(), name: z.string(), host: z.string(), version: z.string(), provisioners: z.array(z.string()), createdAt: z.date(), lastSeenAt: z.date(), silentSeconds: z.number() })
export type ListDaemonsRow = z.infer<typeof listDaemonsRow>

/** Workers, with the seconds since each was heard of. */
export async function listDaemons(db: CommonQueryMethods, params: { limit: number }): Promise<readonly ListDaemonsRow[]> {
  return await db.any(sql.type(listDaemonsRow)`
    select id, name, host, version, provisioners, created_at, last_seen_at,
      extract(epoch from clock_timestamp() - last_seen_at)::float8 as silent_seconds
    from daybreak.provisioner_daemons
    order by last_seen_at desc, id
    limit ${params.limit}`)
}
