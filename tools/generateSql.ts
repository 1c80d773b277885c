// Writes one `<table>.sql.ts` beside every `sql/<table>.sql`, as a migrated PostgreSQL sees each named query.
// `--check` writes nothing and fails where a committed file is stale.
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { migrate } from '../sql/migrate.ts'
import { startPostgres } from '../src/postgres/start.ts'
import { describe } from './generateSql/describe.ts'
import { numbered, parseQueries } from './generateSql/parse.ts'
import { type PgType, renderModule } from './generateSql/render.ts'

const FOLDER = path.resolve(import.meta.dirname, '../sql')

/** The text of every generated module, by its file name. */
export async function generate(client: pg.Client, folder: string): Promise<Map<string, string>> {
  const types = await readTypes(client)
  const modules = new Map<string, string>()
  const seen = new Map<string, string>()
  for (const file of globSync('*.sql', { cwd: folder }).toSorted()) {
    const described = []
    for (const query of parseQueries(readFileSync(path.join(folder, file), 'utf8'))) {
      const where = `${file}: ${query.name}`
      if (seen.has(query.name)) throw new Error(`${where}: ${seen.get(query.name)} has a query of that name already`)
      seen.set(query.name, file)
      try {
        described.push({ query, description: await describe(client, numbered(query)) })
        renderModule(file, described.slice(-1), types)
      } catch (error) {
        throw new Error(`${where}: ${(error as Error).message}`, { cause: error })
      }
    }
    modules.set(`${file}.ts`, renderModule(file, described, types))
  }
  return modules
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
    await client.connect()
    const modules = await generate(client, FOLDER)
    await client.end()
    write(modules)
  } finally {
    await postgres.stop()
    rmSync(scratch, { recursive: true, force: true })
  }
}

function write(modules: ReadonlyMap<string, string>): void {
  const stale = [...modules].filter(([file, text]) => {
    const target = path.join(FOLDER, file)
    return !existsSync(target) || readFileSync(target, 'utf8') !== text
  })
  if (process.argv.includes('--check')) {
    for (const [file] of stale) console.error(`sql/${file} is stale: run npm run sql`)
    process.exitCode = stale.length > 0 ? 1 : 0
    return
  }
  for (const [file, text] of stale) writeFileSync(path.join(FOLDER, file), text)
  console.log(`${modules.size} modules, ${stale.length} written`)
}

if (import.meta.main) await main()
