// The house rules that no linter knows. Each failure lists every offender, with what to do about it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { RESOURCES } from '../src/api/app.ts'
import type { Endpoint } from '../src/contract/endpoint.ts'
import { jobs } from '../src/jobs/registry.ts'

const PROJECT = path.resolve(import.meta.dirname, '..')
const NOT_OURS = new Set(['.git', '.daybreak', 'node_modules', 'dist'])
const PROGRAMS = ['bin/daybreak.mjs', 'src/agent/main.ts', 'ava.config.js']
const MAX_COLUMNS = 120
/** Of one rule: who has broken it so often needs no longer list. */
const MAX_SHOWN = 20
const NAMELESS = new Set(['utils', 'util', 'helpers', 'common', 'shared', 'types', 'services', 'models', 'index'])
const READS_ENVIRONMENT =
  /^(src\/config\.ts|src\/cli\/config\.ts|src\/agent\/config\.ts|ava\.config\.js|(test\/support|tools|bench)\/)/

type File = { name: string; text: string }

const files = readTree('')
const code = files.filter(({ name }) => /\.(ts|js|mjs)$/.test(name))
const written = code.filter(({ name }) => !isGenerated(name))
const sources = written.filter(({ name }) => /^(src|sql|tools|bench|bin)\//.test(name))
const queries = files.filter(({ name }) => /^sql\/[^/]+\.sql$/.test(name))

test('no source file is longer than a reader holds in mind', (t) => {
  none(t, [...sources.flatMap(longerThan(250)), ...queries.flatMap(longerThan(250))], 'Split it by aspect:')
})

test('no test file is longer than 400 lines', (t) => {
  none(t, written.filter(inFolder('test')).flatMap(longerThan(400)), 'Split it by what is tested:')
})

test(`no line is longer than ${MAX_COLUMNS} columns`, (t) => {
  // Not migrations: what databases have applied must not change.
  const long = [...written, ...queries].flatMap(({ name, text }) =>
    text.split('\n').flatMap((line, i) => (line.length > MAX_COLUMNS ? [`${name}:${i + 1}: ${line.length}`] : [])),
  )
  none(t, long, 'Break it:')
})

test('every job is in the registry, under the name of its file', (t) => {
  const defined = sources
    .filter(inFolder('src/jobs'))
    .flatMap(({ name, text }) =>
      [...text.matchAll(/^export const (\w+) = defineJob\(/gm)].map(([, job = '']) => ({ name, job })),
    )
  t.true(defined.length > 0)
  const known = new Set(jobs.map(({ name }) => name))
  none(t, defined.filter(({ job }) => !known.has(job)).map(said), 'Add it to src/jobs/registry.ts:')
  none(t, defined.filter(({ name, job }) => path.basename(name, '.ts') !== job).map(said), 'Name job and file alike:')
})

test('every router is mounted by the app', (t) => {
  const app = withoutImports(textOf('src/api/app.ts'))
  const routers = sources
    .filter(({ name }) => /^src\/(api|dashboard)\//.test(name))
    .flatMap(({ name, text }) =>
      [...text.matchAll(/^export function (\w+)\(.*\): Router \{$/gm)].map(([, job = '']) => ({ name, job })),
    )
  t.true(routers.length >= RESOURCES.length)
  none(t, routers.filter(({ job }) => !has(app, job)).map(said), 'Add it to src/api/app.ts:')
})

test('every endpoint of the contract is mounted exactly once', async (t) => {
  const api = sources
    .filter(inFolder('src/api'))
    .map(({ text }) => text)
    .join('\n')
  const wrong: string[] = []
  const seen = new Map<string, string>()
  for (const [name, { method, path: place }] of await contractEndpoints()) {
    const mounted = [...api.matchAll(new RegExp(`\\b\\w*[rR]oute\\(\\s*router,\\s*(?:context,\\s*)?${name},`, 'g'))]
      .length
    if (mounted !== 1) wrong.push(`${name}: ${mounted} times`)
    const other = seen.get(`${method} ${place}`)
    if (other !== undefined) wrong.push(`${name} and ${other} are both ${method} ${place}`)
    seen.set(`${method} ${place}`, name)
  }
  t.true(seen.size > 0)
  none(t, wrong, 'Serve it with route() in one file of src/api:')
})

test('every named query is used', (t) => {
  const users = written.map(({ text }) => text).join('\n')
  const words = new Set(users.match(/\w+/g))
  const unused = queries.flatMap(({ name, text }) =>
    [...text.matchAll(/^-- (\w+) :\w+/gm)].flatMap(([, query = '']) => (words.has(query) ? [] : [`${name}: ${query}`])),
  )
  none(t, unused, 'Use it or remove it, then npm run sql:')
})

test('every source file is reached from a program', (t) => {
  const tools = written.filter(({ name }) => /^(tools|bench)\/[^/]+\.ts$/.test(name)).map(({ name }) => name)
  const reached = new Set<string>()
  const open = [...PROGRAMS, ...tools]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name) || !existsSync(path.join(PROJECT, name))) continue
    reached.add(name)
    open.push(...importsOf(name, textOf(name)))
  }
  const dead = code.filter(({ name }) => /^(src|sql)\/.*\.ts$/.test(name) && !reached.has(name)).map(({ name }) => name)
  none(t, dead, 'Only tests import it, or nothing: remove it, or name it in PROGRAMS if somebody starts it:')
})

test('what is left to do names its issue', (t) => {
  const marks = /\b(TO[D]O|FIX[M]E)\b(?!.*#\d+)/
  none(t, grep(written, marks), 'Write the number of its issue behind it, like #12:')
})

test('no name says nothing', (t) => {
  const nameless = written
    .map(({ name }) => name)
    .filter((name) => name.split('/').some((word) => NAMELESS.has(word.replace(/\.(test\.)?\w+$/, ''))))
  none(t, nameless, 'Name it for what it holds, or keep it beside its use:')
})

test('nothing is exported on behalf of another file', (t) => {
  none(t, grep(sources, /^export (type )?(\*|\{[^}]*\}) .*from /), 'Import from the file itself:')
})

test('the environment is read at the door', (t) => {
  const readers = written.filter(({ name }) => !READS_ENVIRONMENT.test(name) && name !== 'test/tidy.test.ts')
  none(t, grep(readers, /\bprocess\.env\b/), 'Read it in a config.ts, and pass it on:')
})

test('only sql/ speaks to PostgreSQL', (t) => {
  const outside = written.filter(({ name }) => /^(src|bin)\//.test(name))
  none(t, grep(outside, /(from|import\() ?'(slonik|pg|@slonik\/[^']+)'/), 'Write a named query in sql/:')
})

test('migrations are numbered without gaps', (t) => {
  const names = files.map(({ name }) => name).filter((name) => /^migrations\/.*\.sql$/.test(name))
  const wrong = names.filter((name, i) => !path.basename(name).startsWith(`${String(i + 1).padStart(4, '0')}-`))
  t.true(names.length > 0)
  none(t, wrong, 'Give it the next number:')
})

test('no file names a folder of one machine', (t) => {
  // The brackets change nothing, but without them this file would be the first offender.
  const machine = /(?<![\w.~-])\/(wor[k]|hom[e]\/[a-z]+|User[s]\/[a-z]+)\//
  none(
    t,
    grep(
      files.filter(({ name }) => name !== 'package-lock.json'),
      machine,
    ),
    'Say it relative to the project:',
  )
})

function none(t: ExecutionContext, offenders: readonly string[], advice: string): void {
  const more = offenders.length > MAX_SHOWN ? [`and ${offenders.length - MAX_SHOWN} more`] : []
  t.true(offenders.length === 0, [advice, ...offenders.slice(0, MAX_SHOWN), ...more].join('\n  '))
}

function readTree(folder: string): File[] {
  return readdirSync(path.join(PROJECT, folder), { withFileTypes: true })
    .filter(({ name }) => !NOT_OURS.has(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = path.posix.join(folder, entry.name)
      if (entry.isDirectory()) return readTree(name)
      return entry.isFile() ? [{ name, text: readFileSync(path.join(PROJECT, name), 'utf8') }] : []
    })
}

function isGenerated(name: string): boolean {
  return name.endsWith('.sql.ts') || name === 'src/domain/zoneNames.ts'
}

function inFolder(folder: string): (file: File) => boolean {
  return ({ name }) => name.startsWith(`${folder}/`)
}

function longerThan(limit: number): (file: File) => string[] {
  return ({ name, text }) => {
    const lines = text.split('\n').length - 1
    return lines > limit ? [`${name}: ${lines} lines, at most ${limit}`] : []
  }
}

function grep(among: readonly File[], pattern: RegExp): string[] {
  return among.flatMap(({ name, text }) =>
    text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${name}:${i + 1}: ${line.trim()}`] : [])),
  )
}

function said({ name, job }: { name: string; job: string }): string {
  return `${name}: ${job}`
}

function has(text: string, word: string): boolean {
  return new RegExp(`\\b${word}\\b`).test(text)
}

function textOf(name: string): string {
  return files.find((file) => file.name === name)?.text ?? ''
}

function withoutImports(text: string): string {
  return text.replaceAll(/^import [\s\S]*? from '.*'$/gm, '')
}

/** Also files that are only named, as a bundler or a child process is told. */
function importsOf(name: string, text: string): string[] {
  const named = text.matchAll(/(?:from |import\(|import |new URL\()'(\.[^']+)'/g)
  return [...named].map(([, place = '']) => path.posix.join(path.posix.dirname(name), place))
}

async function contractEndpoints(): Promise<[string, Endpoint][]> {
  const found: [string, Endpoint][] = []
  for (const { name } of sources.filter(inFolder('src/contract'))) {
    const exports = (await import(path.join(PROJECT, name))) as Record<string, unknown>
    for (const [key, value] of Object.entries(exports)) if (isEndpoint(value)) found.push([key, value])
  }
  return found
}

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'summary' in value
}
