// The encoders that generated modules call.
import { type PrimitiveValueExpression, type QuerySqlToken, sql } from 'slonik'
import type { z } from 'zod'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }

/** As text: slonik's own jsonb cast changes which overload of a function PostgreSQL chooses. */
export const json = (value: Json): string | null => (value === null ? null : JSON.stringify(value))
export const array = (values: readonly PrimitiveValueExpression[] | null, type: string) =>
  values === null ? null : sql.array(values, type)
export const time = (value: Date | null): string | null => value?.toISOString() ?? null
export const bytes = (value: Buffer | null) => (value === null ? null : sql.binary(value))

type Tag<Row extends z.ZodType> = (
  parts: TemplateStringsArray,
  ...values: Parameters<ReturnType<typeof sql.type<Row>>>[1][]
) => QuerySqlToken<Row>

let preparing = true

/** Behind a pooler in transaction mode that cannot keep named statements apart (`DAYBREAK_PREPARED=off`). */
export function usePreparedStatements(on: boolean): void {
  preparing = on
}

/** A named statement is parsed and planned once a connection instead of each time. */
export const prepared = <Row extends z.ZodType>(name: string, row: Row): Tag<Row> =>
  preparing ? sql.prepared(name, row) : sql.type(row)
