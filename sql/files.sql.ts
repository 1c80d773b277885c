// Generated from files.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods, sql } from 'slonik'
import { z } from 'zod'
import { bytes } from './values.ts'

const insertFileRow = z.object({ id: z.guid() })
export type InsertFileRow = z.infer<typeof insertFileRow>

/** No row when the same person uploaded the same bytes before. */
export async function insertFile(db: CommonQueryMethods, params: { hash: Buffer; mimetype: string; data: Buffer; createdBy: string }): Promise<InsertFileRow | null> {
  return await db.maybeOne(sql.type(insertFileRow)`
    insert into daybreak.files (hash, mimetype, data, created_by) values (${bytes(params.hash)}, ${params.mimetype}, ${bytes(params.data)}, ${params.createdBy})
    on conflict (hash, created_by) do nothing
    returning id`)
}

const findFileByHashRow = z.object({ id: z.guid() })
export type FindFileByHashRow = z.infer<typeof findFileByHashRow>

export async function findFileByHash(db: CommonQueryMethods, params: { hash: Buffer; createdBy: string }): Promise<FindFileByHashRow | null> {
  return await db.maybeOne(sql.type(findFileByHashRow)`
    select id from daybreak.files where hash = ${bytes(params.hash)} and created_by = ${params.createdBy}`)
}

const findFileRow = z.object({ id: z.guid(), mimetype: z.string(), data: z.instanceof(Buffer), createdBy: z.guid() })
export type FindFileRow = z.infer<typeof findFileRow>

export async function findFile(db: CommonQueryMethods, params: { id: string }): Promise<FindFileRow | null> {
  return await db.maybeOne(sql.type(findFileRow)`
    select id, mimetype, data, created_by from daybreak.files where id = ${params.id}`)
}
