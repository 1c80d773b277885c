import { spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { readPidFile } from '../../src/postgres/pidFile.ts'
import { pickOwner } from '../../src/postgres/owner.ts'
import { startPostgres } from '../../src/postgres/start.ts'
import { until } from '../support/until.ts'
import {
  aHome,
  type Home,
  keepsRow,
  killHard,
  query,
  serversBelow,
  spawnStarter,
  started,
  startWithRow,
} from './home.ts'

test('a first start makes a cluster that only its password opens, on this machine only', async (t) => {
  const { dataDir, options } = aHome(t)
  const db = await startPostgres(options)

  t.false(db.adopted)
  t.true(db.port >= 15_000 && db.port <= 32_000)
  t.is(fs.statSync(dataDir).mode & 0o777, 0o700)
  t.is(fs.statSync(path.join(dataDir, 'superuser.password')).mode & 0o777, 0o600)
  const [settings] = await query(
    db.url(),
    `select current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets,
            current_setting('TimeZone') as zone,
            (select datlocale from pg_database where datname = 'postgres') as locale`,
  )
  t.deepEqual(settings, { listen: '127.0.0.1', sockets: '', zone: 'UTC', locale: 'C.UTF-8' })
  const wrong = new URL(db.url())
  wrong.password = 'guess'
  await t.throwsAsync(query(wrong.href, 'select 1'), { message: /password authentication failed/ })
  await db.stop()
  t.deepEqual(serversBelow(dataDir), [])
})

test('a second start keeps the rows and the port', async (t) => {
  const { options } = aHome(t)
  const first = await startWithRow(options)
  await first.stop()
  const second = await startPostgres(options)
  t.false(second.adopted)
  t.is(second.port, first.port)
  t.true(await keepsRow(second.url()))
})

test('a server whose starter was killed is adopted by the next start', async (t) => {
  const { options, dataDir } = aHome(t)
  const starter = spawnStarter(t, options)
  const first = await started(starter)
  await killHard(starter)

  const next = await startPostgres(options)
  t.true(next.adopted)
  t.is(next.pid, first.pid)
  t.is(next.url(), first.url)
  await next.stop()
  t.deepEqual(serversBelow(dataDir), [])
})

test('a killed server starts again at once, with its rows', async (t) => {
  const { options } = aHome(t)
  const first = await startWithRow(options)
  process.kill(first.pid, 'SIGKILL')
  const second = await startPostgres(options)
  t.not(second.pid, first.pid)
  t.false(second.adopted)
  t.true(await keepsRow(second.url()))
})

test('a left-over pid file that names a living stranger does not stop a start, nor the stranger', async (t) => {
  const { options, dataDir } = aHome(t)
  const first = await startWithRow(options)
  process.kill(first.pid, 'SIGKILL')
  await until(() => serversBelow(dataDir).length === 0)
  // Of the same user as PostgreSQL, which therefore cannot tell the stranger from a server of its own.
  const owner = pickOwner(dataDir)
  const stranger = spawn('/bin/sleep', ['60'], owner ? { uid: owner.uid, gid: owner.gid, cwd: '/' } : {})
  t.teardown(() => stranger.kill())
  const pidFile = path.join(dataDir, 'postmaster.pid')
  fs.writeFileSync(pidFile, fs.readFileSync(pidFile, 'utf8').replace(/^\d+/, String(stranger.pid)))

  const second = await startPostgres(options)
  t.false(second.adopted)
  t.true(await keepsRow(second.url()))
  t.is(stranger.exitCode, null)
  await second.stop()
  t.is(stranger.signalCode, null)
})

test('an empty pid file from a power failure does not stop a start', async (t) => {
  const { options, dataDir } = aHome(t)
  const first = await startWithRow(options)
  await first.stop()
  const pidFile = path.join(dataDir, 'postmaster.pid')
  fs.writeFileSync(pidFile, '')
  fs.utimesSync(pidFile, 0, 0)
  t.true(await keepsRow((await startPostgres(options)).url()))
})

test('four processes that start one folder at once share one server', async (t) => {
  const { options, folder } = aHome(t)
  const all = await Promise.all(Array.from({ length: 4 }, () => started(spawnStarter(t, options))))

  t.is(new Set(all.map(({ url, pid }) => `${pid} ${url}`)).size, 1)
  t.is(all.filter(({ adopted }) => !adopted).length, 1)
  t.deepEqual(fs.readdirSync(folder).toSorted(), ['data', 'data.log', 'data.port'])
  for (const { url } of all) t.is((await query(url, 'select 1 as one')).length, 1)
})

test('a start that is killed while it makes the folder leaves nothing in the way of the next', async (t) => {
  const { options, folder } = await killedWhileMaking(t)
  const db = await startPostgres(options)
  t.false(db.adopted)
  t.is((await query(db.url(), 'select 1 as one')).length, 1)
  t.deepEqual(fs.readdirSync(folder).toSorted(), ['data', 'data.log', 'data.port'])
})

/** On a busy machine the kill may come when initdb is done already: then with another home. */
async function killedWhileMaking(t: ExecutionContext): Promise<Home> {
  for (let attempt = 1; attempt <= 10; attempt++) {
    const home = aHome(t)
    const { folder, dataDir } = home
    const starter = spawnStarter(t, home.options)
    await until(() => fs.readdirSync(folder).some((name) => fs.existsSync(path.join(folder, name, 'PG_VERSION'))))
    await killHard(starter)
    if (!fs.existsSync(dataDir)) return home
  }
  throw new Error('the kill came too late ten times')
}

test('a stored port that somebody else took is replaced, and the new one stored', async (t) => {
  const { options, dataDir } = aHome(t)
  const first = await startWithRow(options)
  await first.stop()
  const squatter = await listen(first.port)
  t.teardown(() => squatter.close())

  const second = await startPostgres(options)
  t.not(second.port, first.port)
  t.is(fs.readFileSync(`${dataDir}.port`, 'utf8').trim(), String(second.port))
  t.true(await keepsRow(second.url()))
})

test('a port that was asked for and is taken is refused by name', async (t) => {
  const { options } = aHome(t)
  const squatter = await listen(0)
  t.teardown(() => squatter.close())
  const { port } = squatter.address() as net.AddressInfo
  const error = await t.throwsAsync(startPostgres({ ...options, port }), { name: 'Refusal' })
  t.regex(error.message, new RegExp(`^Port ${port} of 127.0.0.1 is taken`))
})

test('a throw-away cluster and its files go with a killed process', async (t) => {
  const { options, folder, dataDir } = aHome(t)
  const starter = spawnStarter(t, { ...options, ephemeral: true })
  const { url } = await started(starter)
  const [settings] = await query(url, `select current_setting('fsync') as fsync`)
  t.is(settings?.fsync, 'off')
  t.not(readPidFile(dataDir), undefined)
  await killHard(starter)
  await until(() => fs.readdirSync(folder).length === 0 && serversBelow(folder).length === 0)
  t.pass()
})

test('a throw-away cluster killed while it is made leaves no file', async (t) => {
  const { options, folder } = aHome(t)
  const starter = spawnStarter(t, { ...options, ephemeral: true })
  await until(() => fs.readdirSync(folder).some((name) => fs.existsSync(path.join(folder, name, 'PG_VERSION'))))
  await killHard(starter)
  await until(() => fs.readdirSync(folder).length === 0 && serversBelow(folder).length === 0)
  t.pass()
})

test('stopping a throw-away cluster removes its files, twice is as good as once', async (t) => {
  const { options, folder } = aHome(t)
  const db = await startPostgres({ ...options, ephemeral: true, settings: { max_connections: 17 } })
  const [settings] = await query(db.url(), `select current_setting('max_connections') as most`)
  t.is(settings?.most, '17')
  await Promise.all([db.stop(), db.stop()])
  await db.stop()
  t.deepEqual(fs.readdirSync(folder), [])
})

test('a throw-away cluster never takes over a folder that holds something', async (t) => {
  const { options, dataDir } = aHome(t)
  fs.mkdirSync(dataDir)
  fs.writeFileSync(path.join(dataDir, 'thesis.txt'), 'years of work')
  await t.throwsAsync(startPostgres({ ...options, ephemeral: true }), { message: /is in use/ })
  t.true(fs.existsSync(path.join(dataDir, 'thesis.txt')))
})

function listen(port: number): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
