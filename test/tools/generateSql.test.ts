import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import type { Pool } from '../../sql/database.ts'
import { hasMultilineLiteral, numbered, parseQueries } from '../../tools/generateSql/parse.ts'
import { generate, write } from '../../tools/generateSql.ts'
import { testDatabase } from '../support/database.ts'

const SCHEMA = `
  create table things (
    id uuid primary key default uuidv7(), n bigint not null, at timestamptz not null, data jsonb not null,
    tags text[] not null, raw bytea not null, mood text, parent_id uuid references things);
  create type mood as enum ('good', 'bad');
  create table moods (thing_id uuid not null, mood mood not null)`

const one = (text: string) => parseQueries(`-- q :many\n${text}`)[0]!

const parsing: Record<string, [text: string, sent: string, params: string[]]> = {
  'a parameter is numbered at each use': ['select :a, :b, :a', 'select $1, $2, $3', ['a', 'b', 'a']],
  'a cast is no parameter': ["select '1'::int, :n::int", "select '1'::int, $1::int", ['n']],
  'a string is stepped over': ["select ':a', 'it''s :b', :c", "select ':a', 'it''s :b', $1", ['c']],
  'an escape string is stepped over': [String.raw`select e'\':a', :b`, String.raw`select e'\':a', $1`, ['b']],
  'a quoted name is stepped over': ['select 1 as ":a", :b', 'select 1 as ":a", $1', ['b']],
  'a dollar quote is stepped over': ['select $x$ :a $$ :b $x$, :c', 'select $x$ :a $$ :b $x$, $1', ['c']],
  'comments are stepped over': ['select :a -- :b\n/* :c */', 'select $1 -- :b\n/* :c */', ['a']],
  'a named argument is no parameter': ['select f(x => :a)', 'select f(x => $1)', ['a']],
  'the final semicolon is not sent': ['select :a;', 'select $1', ['a']],
}
for (const [title, [text, sent, params]] of Object.entries(parsing)) {
  test(title, (t) => {
    const query = one(text)
    t.is(numbered(query), sent)
    t.deepEqual(query.params, params)
  })
}

test('the header says cardinality and preparation, the comment below it the rest', (t) => {
  const [first, second] = parseQueries(
    `-- first :maybe prepared
-- Finds it.
-- not null: a, b
-- nullable params: c
-- Or not.
select 1;

-- second :exec
select 2;
`,
  )
  t.like(first, { name: 'first', cardinality: 'maybe', prepared: true, doc: 'Finds it. Or not.' })
  t.deepEqual([...first!.notNull, ...first!.nullableParams], ['a', 'b', 'c'])
  t.like(second, { name: 'second', cardinality: 'exec', prepared: false, doc: '', parts: ['select 2'] })
})

test('text before the first header is refused', (t) => {
  t.throws(() => parseQueries('select 1;\n-- a :one\nselect 1'), { message: /text before the first/ })
})

test('a statement with a literal of several lines is not indented', (t) => {
  t.true(hasMultilineLiteral(one("select 'a\nb'")))
  t.true(hasMultilineLiteral(one('select $$a\nb$$')))
  t.false(hasMultilineLiteral(one("select 'a',\n'b' -- it's\n")))
})

async function setup(t: ExecutionContext) {
  const { db, url } = await testDatabase(t)
  const client = new pg.Client(url)
  await client.connect()
  await client.query(SCHEMA)
  // Inside the project, from where the modules find slonik; a dotted name hides it from tsc.
  const folder = fs.mkdtempSync(path.join(import.meta.dirname, '.generated-'))
  t.teardown(async () => {
    await client.end()
    fs.rmSync(folder, { recursive: true })
  })
  const values = path.resolve(import.meta.dirname, '../../sql/values.ts')
  fs.writeFileSync(path.join(folder, 'values.ts'), `export * from '${path.relative(folder, values)}'\n`)
  const run = async (files: Record<string, string>) => {
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text)
    return await generate(client, folder)
  }
  return { db, folder, run }
}

const wrong: Record<string, [text: string, problem: RegExp | string]> = {
  'a misspelt column': ['-- q :many\nselect moood from things', 'a.sql: q: column "moood" does not exist'],
  'an unknown type': [
    '-- q :many\nselect point(1, 2) as p',
    "a.sql: q: no TypeScript type is known for PostgreSQL's point",
  ],
  'an array of an enum': [
    '-- q :many\nselect array_agg(mood) as m from moods',
    /^a\.sql: q: arrays of mood are not supported/,
  ],
  'one parameter with two types': ['-- q :exec\nselect :a::int, :a::text', /^a\.sql: q: parameter :a has 2 types/],
  'a hint for no column': ['-- q :many\n-- not null: b\nselect 1 as a', 'a.sql: q: "not null" names b, no such column'],
  'a hint for no parameter': ['-- q :exec\n-- nullable params: b\nselect 1', /^a\.sql: q: "nullable params" names :b/],
  'a column name used twice': ['-- q :many\nselect 1 as a, 2 as a', 'a.sql: q: two columns are called a'],
  'rows asked from what returns none': ['-- q :one\ndelete from things', /^a\.sql: q: it returns no columns/],
  'a name used twice': [
    '-- q :exec\nselect 1;\n-- q :exec\nselect 2',
    'a.sql: q: a.sql has a query of that name already',
  ],
}
for (const [title, [text, problem]] of Object.entries(wrong)) {
  test(`${title} is a problem that names file and query`, async (t) => {
    const { run } = await setup(t)
    const { modules, problems } = await run({ 'a.sql': text, 'b.sql': '-- fine :exec\nselect 1' })
    t.is(problems.length, 1)
    if (typeof problem === 'string') t.is(problems[0], problem)
    else t.regex(problems[0]!, problem)
    t.deepEqual([...modules.keys()], ['b.sql.ts'], 'the other file is not held up')
  })
}

test('a column is nullable unless it surely is not', async (t) => {
  const { run } = await setup(t)
  const { modules } = await run({
    'a.sql': `-- plainColumns :many
select id, mood, n + 1 as next from things;
-- hinted :many
-- not null: next
select n + 1 as next from things;
-- joined :many
select t.id, m.mood from things t left join moods m on m.thing_id = t.id;
-- oldRow :many
update things set n = 1 returning old.n;`,
  })
  const text = modules.get('a.sql.ts')!
  t.regex(
    text,
    /plainColumnsRow = z\.object\(\{ id: z\.guid\(\), mood: z\.string\(\)\.nullable\(\), next: z\.int\(\)\.nullable/,
  )
  t.regex(text, /hintedRow = z\.object\(\{ next: z\.int\(\) \}\)/)
  t.regex(
    text,
    /joinedRow = z\.object\(\{ id: z\.guid\(\)\.nullable\(\), mood: z\.enum\(\['good', 'bad'\]\)\.nullable\(\) \}\)/,
  )
  t.regex(text, /oldRowRow = z\.object\(\{ n: z\.int\(\)\.nullable\(\) \}\)/)
})

const QUERIES = String.raw`-- insertThing :one prepared
-- Text with ${'`'}ticks${'`'} and */ must not end anything.
insert into things (n, at, data, tags, raw) values (:n, :at, :data, :tags, :raw)
returning id, n, at, data, tags, raw, n = any (:numbers::bigint[]) as listed;

-- findThing :maybe
-- nullable params: mood
select id, :mood::text as mood, '\d ${'`'} ${'$'}{json(1)}' as odd from things
where id = :id and at = any (:times::timestamptz[]);

-- listThings :many
select z.id from things z where z.id = any (:ids::uuid[]) and (:flags::bool[])[1] order by z.n limit :limit;

-- addMood :exec prepared
insert into moods values (:id, :mood);

-- listMoods :many
select mood, array (select id from things) as ids, array (select n from things) as ns,
  array (select at from things) as ats
from moods;

-- deleteThings :exec
delete from things;
`

type Generated = Record<string, (db: Pool, params?: unknown) => Promise<unknown>>

test('what is generated compiles and runs', async (t) => {
  const { db, folder, run } = await setup(t)
  const generated = await run({ 'a.sql': QUERIES })
  t.deepEqual(generated.problems, [])
  t.is(write(generated, { folder, check: false }), 0)
  const source = path.join(folder, 'a.sql.ts')
  const flags = [
    '--noEmit',
    '--strict',
    '--noUnusedLocals',
    '--allowImportingTsExtensions',
    '--skipLibCheck',
    '--ignoreConfig',
  ]
  const tsc = path.resolve(import.meta.dirname, '../../node_modules/.bin/tsc')
  t.notThrows(() =>
    execFileSync(tsc, [...flags, '--module', 'nodenext', '--target', 'es2024', '--types', 'node', source]),
  )

  const at = new Date('2026-11-01T02:03:04.567Z')
  const thing = { n: 2 ** 40, at, data: { a: ['x'] }, tags: ['a,b', '"c"'], raw: Buffer.from([0, 255]) }
  const code = (await import(source)) as Generated
  const row = (await code.insertThing!(db, { ...thing, numbers: [1, 2 ** 40] })) as { id: string }
  t.like(row, { ...thing, listed: true })
  const found = await code.findThing!(db, { id: row.id, mood: null, times: [at] })
  t.deepEqual(found, { id: row.id, mood: null, odd: String.raw`\d ${'`'} ${'$'}{json(1)}` })
  t.is(await code.findThing!(db, { id: row.id, mood: 'x', times: [] }), null)
  t.deepEqual(await code.listThings!(db, { ids: [row.id], flags: [true], limit: 5 }), [{ id: row.id }])
  t.is(await code.addMood!(db, { id: row.id, mood: 'bad' }), 1)
  t.is(await code.addMood!(db, { id: row.id, mood: 'good' }), 1)
  t.deepEqual(await code.listMoods!(db), [
    { mood: 'bad', ids: [row.id], ns: [thing.n], ats: [at] },
    { mood: 'good', ids: [row.id], ns: [thing.n], ats: [at] },
  ])
  t.is(await code.deleteThings!(db), 1)
})

test('a check fails on what is stale, missing or left over, and writes nothing', async (t) => {
  const { folder, run } = await setup(t)
  const generated = await run({ 'a.sql': '-- q :exec\nselect 1' })
  const target = path.join(folder, 'a.sql.ts')
  t.is(write(generated, { folder, check: true }), 1)
  t.false(fs.existsSync(target))
  t.is(write(generated, { folder, check: false }), 0)
  t.is(write(generated, { folder, check: true }), 0)
  fs.appendFileSync(target, '// edited by hand\n')
  t.is(write(generated, { folder, check: true }), 1)
  t.is(write(generated, { folder, check: false }), 0)
  fs.writeFileSync(path.join(folder, 'gone.sql.ts'), '')
  t.is(write(generated, { folder, check: true }), 1)
  t.is(write(generated, { folder, check: false }), 0)
  t.false(fs.existsSync(path.join(folder, 'gone.sql.ts')))
})
