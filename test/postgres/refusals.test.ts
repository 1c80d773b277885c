import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { Refusal } from '../../src/domain/errors.ts'
import { asRefusal, failedStart } from '../../src/postgres/failures.ts'
import { homeReachable } from '../../src/postgres/owner.ts'
import { startPostgres } from '../../src/postgres/start.ts'
import { aHome, keepsRow, START, serversBelow, startWithRow } from './home.ts'

const isRoot = process.getuid?.() === 0
const asRoot = isRoot ? test : test.skip

async function refusal(start: Promise<unknown>): Promise<string> {
  try {
    await start
  } catch (error) {
    if (error instanceof Refusal && error.code === 'unavailable') return error.message
    throw error
  }
  throw new Error('it started')
}

asRoot('a folder that PostgreSQL’s user cannot reach is refused before anything is made there', async (t) => {
  const { folder, options } = aHome(t)
  const secret = path.join(folder, 'private')
  fs.mkdirSync(secret, { mode: 0o700 })
  const dataDir = path.join(secret, 'data')

  t.regex(
    await refusal(startPostgres({ ...options, dataDir })),
    /^The user \w+, .* cannot reach .*private\/data: open /,
  )
  t.deepEqual(fs.readdirSync(secret), [])
  t.false(homeReachable(path.join(secret, 'not', 'made', 'yet')))
  t.true(homeReachable(path.join(folder, 'not', 'made', 'yet')))
})

asRoot('a folder that became unreachable later is refused, and works again once it is open', async (t) => {
  const { folder, options } = aHome(t)
  const first = await startWithRow(options)
  await first.stop()
  fs.chmodSync(folder, 0o700)
  t.regex(await refusal(startPostgres(options)), /cannot reach/)
  fs.chmodSync(folder, 0o711)
  t.true(await keepsRow((await startPostgres(options)).url()))
})

test('a folder of another major version is refused untouched', async (t) => {
  const { dataDir, options } = aHome(t)
  const first = await startWithRow(options)
  await first.stop()
  const version = path.join(dataDir, 'PG_VERSION')
  const ours = fs.readFileSync(version)
  fs.writeFileSync(version, '17\n')
  t.regex(await refusal(startPostgres(options)), /was made by PostgreSQL 17 and this is PostgreSQL \d+: move the data/)
  fs.writeFileSync(version, ours)
  t.true(await keepsRow((await startPostgres(options)).url()))
})

test('a folder with other things in it is refused', async (t) => {
  const { dataDir, options } = aHome(t)
  fs.mkdirSync(dataDir, { mode: 0o755 })
  fs.writeFileSync(path.join(dataDir, 'notes.txt'), 'mine')
  t.regex(await refusal(startPostgres(options)), /holds files but no PostgreSQL data/)
  t.deepEqual(fs.readdirSync(dataDir), ['notes.txt'])
})

test('a cluster without our password file is refused', async (t) => {
  const { dataDir, options } = aHome(t)
  await (await startPostgres(options)).stop()
  fs.rmSync(path.join(dataDir, 'superuser.password'))
  t.regex(await refusal(startPostgres(options)), /was not made by Daybreak/)
})

test('an unreadable stored port is refused, and deleting its file helps', async (t) => {
  const { dataDir, options } = aHome(t)
  await (await startWithRow(options)).stop()
  fs.writeFileSync(`${dataDir}.port`, 'a storm\n')
  t.regex(await refusal(startPostgres(options)), /cannot be read from .*data\.port: delete that file/)
  fs.rmSync(`${dataDir}.port`)
  t.true(await keepsRow((await startPostgres(options)).url()))
})

// A mount that only its process sees goes with it, however it ends.
const SMALL_DISK = ['--mount', '/bin/sh', '-c', 'mount -t tmpfs -o size=8m,mode=0755 tmpfs "$0" && exec "$@"']
const mountsDisks = isRoot && spawnSync('unshare', [...SMALL_DISK, '/mnt', 'true']).status === 0

;(mountsDisks ? test : test.skip)('a full disk is named, and no half made folder stays on it', (t) => {
  const { folder, options } = aHome(t)
  const script = `
    const { startPostgres } = await import(${JSON.stringify(START)})
    await startPostgres(${JSON.stringify(options)}).catch((error) => console.log(error.message))
    console.log((await import('node:fs')).readdirSync(${JSON.stringify(folder)}))`
  const args = [...SMALL_DISK, folder, process.execPath, '--input-type=module', '-e', script]
  const { stdout } = spawnSync('unshare', args, { encoding: 'utf8' })
  t.regex(stdout, /^The disk that holds .*\/data is full, .*: free some space and start again\n\[\]\n$/)
})

test('the words of PostgreSQL and of the file system become one sentence', (t) => {
  const log = 'FATAL:  could not write lock file "postmaster.pid": No space left on device'
  t.regex(failedStart(log, '/data', 15_000).message, /^The disk that holds \/data is full/)
  const held = 'FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use'
  t.regex(failedStart(held, '/data', 15_000).message, /^Processes of an earlier PostgreSQL still work on \/data/)
  t.false(failedStart('FATAL:  invalid value for parameter "x"', '/data', 15_000) instanceof Refusal)

  const forbidden = Object.assign(new Error('EACCES'), { code: 'EACCES', path: '/data/PG_VERSION' })
  const sentence = asRefusal(forbidden, '/data')
  t.true(sentence instanceof Refusal && sentence.message.startsWith('/data/PG_VERSION may not be read or written'))
  const full = asRefusal(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }), '/data')
  t.true(full instanceof Refusal && full.message.includes('is full'))
  const other = new Error('a bug')
  t.is(asRefusal(other, '/data'), other)
})

test('a setting that PostgreSQL does not know fails with its own words and leaves no process', async (t) => {
  const { folder, options } = aHome(t)
  const start = startPostgres({ ...options, settings: { no_such_setting: 1 } })
  await t.throwsAsync(start, { message: /did not start:\n[^]*no_such_setting/ })
  t.deepEqual(serversBelow(folder), [])
})

test('a large log makes room at a start, and one old log is kept', async (t) => {
  const { dataDir, options } = aHome(t)
  fs.writeFileSync(`${dataDir}.log`, Buffer.alloc(10 * 1024 * 1024 + 1, 'old\n'))
  const db = await startPostgres(options)
  t.true(fs.statSync(`${dataDir}.log`).size < 100_000)
  t.true(fs.statSync(`${dataDir}.log.1`).size > 10 * 1024 * 1024)
  await db.stop()
})
