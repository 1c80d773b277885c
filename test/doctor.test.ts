import fs from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { judgeClock, judgeSchema, judgeVersion, judgeWait } from '../src/doctor/database.ts'
import { type Finding, overall } from '../src/doctor/finding.ts'
import { checkNode, judgeDisk } from '../src/doctor/machine.ts'
import { testDatabase } from './support/database.ts'
import { aPlace, type Ended, run, start } from './up/daybreak.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')

type Judged = { name: string; found: Finding; status: Finding['status']; says: RegExp }

const MIGRATIONS = [
  { name: '0001-a', checksum: 'a' },
  { name: '0002-b', checksum: 'b' },
]

for (const { name, found, status, says } of [
  { name: 'this Node', found: checkNode(process.version), status: 'ok', says: /Node v/ },
  { name: 'an old Node', found: checkNode('v24.11.9'), status: 'failed', says: /too old: 24\.12/ },
  { name: 'a newer Node', found: checkNode('v25.0.0'), status: 'ok', says: /v25/ },
  { name: 'enough disk', found: judgeDisk('/d', 2 ** 31), status: 'ok', says: /2,048 MiB/ },
  { name: 'little disk', found: judgeDisk('/d', 2 ** 29), status: 'warning', says: /512 MiB/ },
  { name: 'no disk', found: judgeDisk('/d', 2 ** 20), status: 'failed', says: /1 MiB/ },
  { name: 'a clock that is right', found: judgeClock(-999), status: 'ok', says: /0\.999 s behind/ },
  { name: 'a clock that drifts', found: judgeClock(1_001), status: 'warning', says: /1\.001 s ahead of/ },
  { name: 'a clock that is wrong', found: judgeClock(-30_001), status: 'failed', says: /30\.001 s behind/ },
  { name: 'an old server', found: aVersion('17.6 (Debian)'), status: 'failed', says: /needs 18 or newer/ },
  { name: 'a new server', found: aVersion('19beta1'), status: 'ok', says: /19beta1 at db\/x/ },
  { name: 'a whole schema', found: judgeSchema(MIGRATIONS, MIGRATIONS), status: 'ok', says: /the last is 0002-b/ },
  { name: 'half a schema', found: judgeSchema(MIGRATIONS.slice(0, 1), MIGRATIONS), status: 'failed', says: /0002-b/ },
  {
    name: 'an older build',
    found: judgeSchema(MIGRATIONS, MIGRATIONS.slice(0, 1)),
    status: 'failed',
    says: /does not/,
  },
  {
    name: 'an edited migration',
    found: judgeSchema([{ name: '0001-a', checksum: 'z' }], MIGRATIONS),
    status: 'failed',
    says: /0001-a was changed/,
  },
  { name: 'an empty queue', found: judgeWait({ jobSeconds: null, buildSeconds: null }), status: 'ok', says: /nothing/ },
  {
    name: 'a job left alone',
    found: judgeWait({ jobSeconds: 61, buildSeconds: 60 }),
    status: 'warning',
    says: /^A job .* 61 s/,
  },
  {
    name: 'a build left alone',
    found: judgeWait({ jobSeconds: 9, buildSeconds: 99 }),
    status: 'warning',
    says: /^A build/,
  },
] satisfies Judged[]) {
  test(`${name}: ${status}`, (t) => {
    t.is(found.status, status, found.message)
    t.regex(found.message, says)
    t.is(found.hint === undefined, status === 'ok', 'what is wrong comes with advice')
  })
}

test.serial('of an up that runs, it finds everything well', async (t) => {
  const place = await aPlace(t)
  await start(t, place)
  const { report, ended } = await examine(t, place.env)
  const isRoot = process.getuid?.() === 0
  t.is(ended.code, isRoot ? 0 : 1, ended.stdout)
  t.deepEqual(notOk(report), isRoot ? [] : ['process driver warning'])
  t.deepEqual(
    report.checks.map(({ check }) => check),
    [
      'node',
      'settings',
      'home',
      'process driver',
      'secret key',
      'mode',
      'database',
      'schema',
      'prepared statements',
      'clock',
      'time zones',
      'workers',
      'queue',
    ],
  )
  const password = fs.readFileSync(path.join(place.home, 'postgres', 'superuser.password'), 'utf8')
  const secretKey = fs.readFileSync(path.join(place.home, 'secret.key'), 'utf8').trim()
  const text = await run(t, { env: place.env, args: ['doctor'] }).ended
  t.regex(text.stdout, /^ok {7}database +PostgreSQL 18\.\d+ at 127\.0\.0\.1:\d+\/daybreak$/m)
  for (const secret of [password, secretKey]) t.false(`${ended.stdout}${text.stdout}`.includes(secret))
})

test.serial('where nothing runs it looks at the machine alone, and makes nothing', async (t) => {
  const place = await aPlace(t)
  const { report, ended } = await examine(t, place.env)
  t.is(ended.code, 1)
  t.true(notOk(report).includes('mode warning'))
  t.false(fs.existsSync(place.home))
})

test.serial('a database without the schema is told apart from one that is not there', async (t) => {
  const { env } = await aPlace(t)
  const { url } = await testDatabase(t)
  const empty = new URL('/postgres', url).href
  const bare = await examine(t, { ...env, DAYBREAK_DATABASE_URL: empty, DAYBREAK_SECRET_KEY: KEY })
  t.is(bare.ended.code, 2)
  t.deepEqual(
    notOk(bare.report).filter((line) => line !== 'process driver warning'),
    ['schema failed'],
  )

  const direct = { DAYBREAK_DATABASE_URL: url, DAYBREAK_DATABASE_DIRECT_URL: 'postgres://me:hunter2@127.0.0.1:1/x' }
  const idle = await examine(t, { ...env, ...direct, DAYBREAK_SECRET_KEY: 'c2hvcnQ=' })
  t.is(idle.ended.code, 2)
  const wrong = ['secret key failed', 'workers warning', 'direct database failed']
  t.deepEqual(
    notOk(idle.report).filter((line) => line !== 'process driver warning'),
    wrong,
  )
  t.regex(idle.ended.stdout, /127\.0\.0\.1:1\/x cannot be asked: [^"]*ECONNREFUSED/)
  t.notRegex(idle.ended.stdout, /hunter2/)
})

test.serial('wrong settings are a finding, and a wrong word is refused', async (t) => {
  const { env } = await aPlace(t)
  const { report, ended } = await examine(t, { ...env, DAYBREAK_LISTEN: 'everywhere' })
  t.is(ended.code, 2)
  t.deepEqual(notOk(report), ['settings failed'])
  t.regex((await run(t, { env, args: ['doctor', '--jsn'] }).ended).stderr, /^daybreak: unknown option '--jsn'/)
  t.regex((await run(t, { env, args: ['doctor', '--help'] }).ended).stdout, /Example:\n {2}daybreak doctor --json/)
})

type Report = { status: string; checks: Finding[] }

async function examine(t: ExecutionContext, env: Record<string, string>): Promise<{ report: Report; ended: Ended }> {
  const ended = await run(t, { env, args: ['doctor', '--json'] }).ended
  t.is(ended.stderr, '')
  const report = JSON.parse(ended.stdout) as Report
  t.is(report.status, overall(report.checks))
  return { report, ended }
}

function notOk({ checks }: Report): string[] {
  return checks.filter(({ status }) => status !== 'ok').map(({ check, status }) => `${check} ${status}`)
}

function aVersion(version: string): Finding {
  return judgeVersion('database', { version, where: 'db/x' })
}
