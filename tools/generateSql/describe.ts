import type pg from 'pg'

export type Column = { name: string; typeOid: number; notNull: boolean }
export type Description = { paramOids: readonly number[]; columns: readonly Column[] }

type Field = { name: string; tableID: number; columnID: number; dataTypeID: number }
type Wire = {
  parse(query: { name: string; text: string; types: number[] }): void
  describe(what: { type: 'S'; name: string }): void
  sync(): void
  once(event: 'parameterDescription', listener: (message: { dataTypeIDs: number[] }) => void): void
  off(event: 'parameterDescription', listener: (message: { dataTypeIDs: number[] }) => void): void
}

// After these even a NOT NULL column can be null: an outer join, a subtotal, the old row of an insert.
const CAN_MAKE_NULLS = /\b(left|right|full)\s+(outer\s+)?join\b|\b(rollup|cube|grouping\s+sets)\b|\b(old|new)\s*\./i

/** Has PostgreSQL parse a statement and say what it takes and returns, without running it. */
export async function describe(client: pg.Client, text: string): Promise<Description> {
  const { paramOids, fields } = await parseAndDescribe(client, text)
  const notNull = await readNotNull(client, fields)
  const outer = CAN_MAKE_NULLS.test(text)
  return {
    paramOids,
    columns: fields.map((field) => ({
      name: field.name,
      typeOid: field.dataTypeID,
      notNull: !outer && notNull.has(`${field.tableID}.${field.columnID}`),
    })),
  }
}

function parseAndDescribe(client: pg.Client, text: string): Promise<{ paramOids: number[]; fields: Field[] }> {
  return new Promise((resolve, reject) => {
    const seen = { paramOids: [] as number[], fields: [] as Field[] }
    const { connection } = client as unknown as { connection: Wire }
    const onParameters = (message: { dataTypeIDs: number[] }): void => {
      seen.paramOids = message.dataTypeIDs
    }
    connection.once('parameterDescription', onParameters)
    const submittable = {
      submit(wire: Wire) {
        wire.parse({ name: '', text, types: [] })
        wire.describe({ type: 'S', name: '' })
        wire.sync()
      },
      handleRowDescription(message: { fields: Field[] }) {
        seen.fields = message.fields
      },
      // readyForQuery never reaches a failed query: reject here or wait for ever.
      handleError(error: Error) {
        connection.off('parameterDescription', onParameters)
        reject(error)
      },
      handleReadyForQuery() {
        resolve(seen)
      },
    }
    client.query(submittable as unknown as pg.Submittable)
  })
}

async function readNotNull(client: pg.Client, fields: readonly Field[]): Promise<Set<string>> {
  const { rows } = await client.query<{ key: string }>(
    `select attrelid || '.' || attnum as key from pg_attribute where attrelid = any($1) and attnotnull`,
    [[...new Set(fields.map((field) => field.tableID))]],
  )
  return new Set(rows.map((row) => row.key))
}
