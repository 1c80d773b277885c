// Whether anything has changed: for each table how many rows it has, and which transactions wrote them.
import { createSqlTag, sql } from 'slonik'
import { z } from 'zod'
import type { Pool } from '../../sql/database.ts'

export type State = ReadonlyMap<string, string>

const tag = createSqlTag({ typeAliases: { state: z.object({ name: z.string(), state: z.string() }) } })

/** Of all tables of ours, whatever they are. */
export async function stateReader(db: Pool): Promise<() => Promise<State>> {
  const tables = await db.any(sql.type(z.object({ name: z.string() }))`
    select tablename as name from pg_tables where schemaname = 'daybreak' order by 1`)
  const parts = tables.map(
    ({ name }) => sql.fragment`
      select ${name} as name, count(*) || ' rows, ' || coalesce(sum(xmin::text::bigint), 0) as state
      from ${sql.identifier(['daybreak', name])}`,
  )
  const query = tag.typeAlias('state')`${sql.join(parts, sql.fragment` union all `)}`
  return async () => new Map((await db.any(query)).map(({ name, state }) => [name, state]))
}

export function changedTables(before: State, after: State): string[] {
  return [...after].flatMap(([name, state]) => (before.get(name) === state ? [] : [name]))
}
