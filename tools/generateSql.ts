// Writes one `<table>.sql.ts` beside every `sql/<table>.sql`, as a migrated PostgreSQL sees each named query.
// `--check` writes nothing and fails where a committed file is stale.
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { migrate } from '../sql/migrate.ts'
import { startPostgres } from '../src/postgres/start.ts'
import { type Description, describe } from './generateSql/describe.ts'
import { type NamedQuery, numbered, parseQueries } from './generateSql/parse.ts'
import { type PgType, renderModule } from './generateSql/render.ts'

const FOLDER = path.resolve(import.meta.dirname, '../sql')

export type Generated = {
  /** The text of every module, by its file name; a file with a wrong query has none. */
  modules: ReadonlyMap<string, string>
  /** One sentence for each wrong query: `file: query: what PostgreSQL said`. */
  problems: readonly string[]
}

export async function generate(client: pg.Client, folder: string): Promise<Generated> {
  const types = await readTypes(client)
  const modules = new Map<string, string>()
  const problems: string[] = []
  const seen = new Map<string, string>()
  for (const file of globSync('*.sql', { cwd: folder }).toSorted()) {
    const found = await describeFile(client, { path: path.join(folder, file), file, types, seen })
    if (found.problems.length > 0) problems.push(...found.problems)
    else modules.set(`${file}.ts`, renderModule(file, found.queries, types))
  }
  return { modules, problems }
}

type Reading = { path: string; file: string; types: ReadonlyMap<number, PgType>; seen: Map<string, string> }
type Described = { queries: { query: NamedQuery; description: Description }[]; problems: string[] }

async function describeFile(client: pg.Client, { path: source, file, types, seen }: Reading): Promise<Described> {
  const described: Described = { queries: [], problems: [] }
  const attempt = async (where: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work()
    } catch (error) {
      described.problems.push(`${where}: ${(error as Error).message}`)
    }
  }
  await attempt(file, async () => {
    for (const query of parseQueries(readFileSync(source, 'utf8'))) {
      await attempt(`${file}: ${query.name}`, async () => {
        const other = seen.get(query.name)
        if (other !== undefined) throw new Error(`${other} has a query of that name already`)
        seen.set(query.name, file)
        const entry = { query, description: await describe(client, numbered(query)) }
        renderModule(file, [entry], types)
        described.queries.push(entry)
      })
    }
  })
  return described
}

async function readTypes(client: pg.Client): Promise<Map<number, PgType>> {
  const { rows } = await client.query<PgType & { oid: number }>(`
    select t.oid::int, t.typname as name, case when t.typcategory = 'A' then t.typelem::int else 0 end as element,
      (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels
    from pg_type t`)
  return new Map(rows.map((row) => [row.oid, row]))
}

async function main(): Promise<void> {
  const scratch = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'daybreak-sql-'))
  chmodSync(scratch, 0o755)
  const postgres = await startPostgres({
    dataDir: path.join(scratch, 'data'),
    binariesDir: path.join(scratch, 'bin'),
    ephemeral: true,
  })
  try {
    await migrate(postgres.url())
    const client = new pg.Client(postgres.url())
    client.on('error', () => {}) // the statement in flight says it too
    await client.connect()
    const generated = await generate(client, FOLDER)
    await client.end()
    process.exitCode = write(generated, { folder: FOLDER, check: process.argv.includes('--check') })
  } finally {
    await postgres.stop()
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** The exit code: 1 when a query is wrong, or with `check` when a committed file is not what would be written. */
export function write({ modules, problems }: Generated, { folder, check }: { folder: string; check: boolean }): number {
  for (const problem of problems) console.error(problem)
  const stale = [...modules].filter(([file, text]) => {
    const target = path.join(folder, file)
    return !existsSync(target) || readFileSync(target, 'utf8') !== text
  })
  const orphaned = globSync('*.sql.ts', { cwd: folder }).filter(
    (file) => !existsSync(path.join(folder, file.slice(0, -3))),
  )
  if (check) {
    for (const [file] of stale) console.error(`sql/${file} is stale: run npm run sql`)
    for (const file of orphaned) console.error(`sql/${file} has no source any more: run npm run sql`)
    return stale.length + orphaned.length + problems.length > 0 ? 1 : 0
  }
  for (const [file, text] of stale) writeFileSync(path.join(folder, file), text)
  for (const file of orphaned) rmSync(path.join(folder, file))
  console.log(`${modules.size} modules, ${stale.length} written, ${orphaned.length} removed`)
  return problems.length > 0 ? 1 : 0
}

if (import.meta.main) await main()
