// Generated from doctor.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { array, prepared } from './values.ts'

const findServerRow = z.object({ version: z.string(), isMigrated: z.boolean(), now: z.date() })
export type FindServerRow = z.infer<typeof findServerRow>

/** Works in any database, migrated or not. The clock is read as late as the answer allows. */
export async function findServer(db: CommonQueryMethods): Promise<FindServerRow> {
  return await db.one(sql.type(findServerRow)`
    select current_setting('server_version') as version, to_regclass('daybreak.migrations') is not null as is_migrated,
      clock_timestamp() as now`)
}

const findServerPreparedRow = z.object({ answer: z.int() })
export type FindServerPreparedRow = z.infer<typeof findServerPreparedRow>

/** Fails behind a pooler that hands a statement to a session which has never seen it. */
export async function findServerPrepared(db: CommonQueryMethods): Promise<FindServerPreparedRow> {
  return await db.one(prepared('findServerPrepared', findServerPreparedRow)`
    select 1 as answer`)
}

const listMigrationsRow = z.object({ name: z.string(), checksum: z.string() })
export type ListMigrationsRow = z.infer<typeof listMigrationsRow>

export async function listMigrations(db: CommonQueryMethods): Promise<readonly ListMigrationsRow[]> {
  return await db.any(sql.type(listMigrationsRow)`
    select name, checksum from daybreak.migrations order by name`)
}

const listUnknownZonesRow = z.object({ name: z.string() })
export type ListUnknownZonesRow = z.infer<typeof listUnknownZonesRow>

/** Of these names, those for which the server has no data. */
export async function listUnknownZones(db: CommonQueryMethods, params: { names: readonly string[]; limit: number }): Promise<readonly ListUnknownZonesRow[]> {
  return await db.any(sql.type(listUnknownZonesRow)`
    select given.name from unnest(${array(params.names, 'text')}::text[]) as given (name)
    except select name from pg_timezone_names
    order by 1
    limit ${params.limit}`)
}

const findWorkersRow = z.object({ alive: z.int(), silent: z.int() })
export type FindWorkersRow = z.infer<typeof findWorkersRow>

/** Worker processes by their heartbeat. */
export async function findWorkers(db: CommonQueryMethods, params: { staleSeconds: number }): Promise<FindWorkersRow> {
  return await db.one(sql.type(findWorkersRow)`
    select count(*) filter (where last_seen_at >= clock_timestamp() - make_interval(secs => ${params.staleSeconds}))::int as alive,
      count(*) filter (where last_seen_at < clock_timestamp() - make_interval(secs => ${params.staleSeconds}))::int as silent
    from daybreak.provisioner_daemons`)
}

const findLongestWaitRow = z.object({ jobSeconds: z.number().nullable(), buildSeconds: z.number().nullable() })
export type FindLongestWaitRow = z.infer<typeof findLongestWaitRow>

/** Seconds since work that nobody has taken up was due: queue jobs, and builds and imports. Null when nothing waits. */
export async function findLongestWait(db: CommonQueryMethods): Promise<FindLongestWaitRow> {
  return await db.one(sql.type(findLongestWaitRow)`
    select
      (select extract(epoch from clock_timestamp() - min(run_at))::float8 from graphile_worker._private_jobs
        where locked_at is null and attempts < max_attempts and run_at <= clock_timestamp()) as job_seconds,
      (select extract(epoch from clock_timestamp() - min(created_at))::float8 from daybreak.provisioner_jobs
        where started_at is null and completed_at is null and canceled_at is null) as build_seconds`)
}
