import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { access, chmod, chown, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { pathsOf } from '../../src/provisioners/process/paths.ts'
import { createProcessDriver } from '../../src/provisioners/process/processDriver.ts'
import { readState, writeState } from '../../src/provisioners/process/state.ts'
import { membersOf } from '../../src/provisioners/process/tree.ts'
import { aScript } from '../agent/server.ts'
import { until } from '../support/until.ts'
import { type DriverUnderTest, setupDriver, testDriver } from './driver.ts'

const isRoot = process.getuid?.() === 0
const asRoot = isRoot ? test : test.skip
const NOBODY = 65_534
/** Homes of tests that run at the same time must not choose the same user for their workspaces. */
let nextUid = 300_000 + (process.pid % 10_000) * 1000

const under: DriverUnderTest = {
  name: 'process',
  async makeHome(t: ExecutionContext) {
    const home = await mkdtemp(join(tmpdir(), 'daybreak-driver-'))
    t.teardown(() => rm(home, { recursive: true, force: true }))
    return home
  },
  create(options) {
    const uidBase = nextUid
    nextUid += 10
    return createProcessDriver({ ...options, uidBase, inspect: () => Promise.reject(new Error('not asked for here')) })
  },
  async pids(home, workspaceId) {
    const state = await readState(pathsOf(home), workspaceId)
    const agents = state?.agents.flatMap(({ process: one }) => (one ? [one.pid] : [])) ?? []
    const all = membersOf({ workspaceId, uid: null, groups: [] }).map(({ pid }) => pid)
    const byUser = state?.uid ? membersOf({ workspaceId, uid: state.uid, groups: [] }).map(({ pid }) => pid) : []
    const alive = new Set([...all, ...byUser])
    return [...agents.filter((pid) => alive.has(pid)), ...[...alive].filter((pid) => !agents.includes(pid))]
  },
  async hasFiles(home, workspaceId) {
    return access(join(home, 'workspaces', workspaceId)).then(
      () => true,
      () => false,
    )
  },
}

testDriver(test, under)

asRoot('each workspace has a user of its own, and its files are closed to all others', async (t) => {
  const { create, provision, isReady, home, request } = await setupDriver(t, under)
  await provision(create())
  await until(isReady)
  const state = await readState(pathsOf(home), request.workspaceId)
  t.true(state!.uid! >= 300_000)
  const of = async (...path: string[]) => {
    const { uid, mode } = await stat(join(home, ...path))
    return { uid, mode: (mode & 0o777).toString(8) }
  }
  const { uid } = state!
  t.deepEqual(await of('workspaces', request.workspaceId), { uid, mode: '700' })
  t.deepEqual(await of('agents', request.workspaceId, 'main'), { uid, mode: '700' })
  t.deepEqual(await of('agents', request.workspaceId, 'main', 'token'), { uid, mode: '600' })
  t.deepEqual(await of('process', `${request.workspaceId}.json`), { uid: 0, mode: '600' })
  t.deepEqual(await of('runtime', 'node'), { uid: 0, mode: '755' })
  const status = await readFile(`/proc/${state!.agents[0]!.process!.pid}/status`, 'utf8')
  t.regex(status, new RegExp(`^Uid:(\\s+${uid}){4}$`, 'm'))
  t.regex(status, new RegExp(`^Gid:(\\s+${uid}){4}$`, 'm'))
  t.regex(status, /^Groups:\s*$/m)
})

asRoot('workspaces that start at the same time get different users', async (t) => {
  const { create, provision, home } = await setupDriver(t, under)
  const driver = create()
  const ids = Array.from({ length: 8 }, () => randomUUID())
  const results = await Promise.all(ids.map((workspaceId) => provision(driver, { workspaceId })))
  t.true(results.every(({ ok }) => ok))
  const uids = await Promise.all(ids.map(async (id) => (await readState(pathsOf(home), id))?.uid))
  t.is(new Set(uids).size, ids.length)
})

test('when one of two agents dies, the other and what it started live on', async (t) => {
  const { create, provision, home, request, server } = await setupDriver(t, under)
  const agents = ['one', 'two'].map((name) => ({ id: randomUUID(), name, token: `token-of-${name}` }))
  await provision(create(), { agents })
  const reports = (token: string) =>
    server.calls.filter((one) => one.token === token && one.call === 'POST lifecycle').length
  await until(() => reports('token-of-one') === 2 && reports('token-of-two') === 2)
  const pidOf = async (index: number) =>
    (await readState(pathsOf(home), request.workspaceId))?.agents[index]?.process?.pid
  const [one, two] = [await pidOf(0), await pidOf(1)]
  process.kill(one!, 'SIGKILL')
  await until(() => reports('token-of-one') === 4)
  t.is(await pidOf(1), two)
  t.is(reports('token-of-two'), 2)
})

test("a state file that a power failure emptied stands in nobody's way", async (t) => {
  const { create, provision, home, request, isReady } = await setupDriver(t, under)
  await mkdir(join(home, 'process'))
  await writeFile(join(home, 'process', `${request.workspaceId}.json`), '')
  const driver = create()
  t.deepEqual(await driver.resume([]), { adopted: 0, restarted: 0, killed: 0 })
  t.deepEqual(await provision(driver), { ok: true })
  await until(isReady)
})

asRoot('a workspace that hides its processes does not keep them', async (t) => {
  const scripts = [aScript('env -i setsid sleep 600 & echo $! > "$HOME/hidden"')]
  const { create, provision, isReady, home, request } = await setupDriver(t, under, { scripts })
  const driver = create()
  await provision(driver)
  await until(isReady)
  const before = await under.pids(home, request.workspaceId)
  t.is(before.length, 2)
  await provision(driver, { transition: 'stop' })
  t.deepEqual(await under.pids(home, request.workspaceId), [])
})

asRoot('a link that a workspace plants where root writes is not followed', async (t) => {
  const { create, provision, isReady, home, request } = await setupDriver(t, under)
  const driver = create()
  await provision(driver)
  await until(isReady)
  await provision(driver, { transition: 'stop' })
  const precious = join(home, 'precious')
  await writeFile(precious, 'keep me')
  const log = join(home, 'agents', request.workspaceId, 'main', 'agent.log')
  await rm(log)
  await symlink(precious, log)
  t.deepEqual(await provision(driver, { buildId: randomUUID() }), { ok: true })
  t.is(await readFile(precious, 'utf8'), 'keep me')
})

test('a crash between the start and its record leaves nothing that resume cannot find', async (t) => {
  const { create, provision, isReady, home, request, wanted, pids } = await setupDriver(t, under)
  const first = create()
  await provision(first)
  await until(isReady)
  await first.close()
  const state = (await readState(pathsOf(home), request.workspaceId))!
  const [lost] = await pids()
  const agents = state.agents.map((agent) => ({ ...agent, process: null }))
  await writeState(pathsOf(home), { ...state, phase: 'intent', agents })
  t.deepEqual(await create().resume([wanted()]), { adopted: 0, restarted: 1, killed: 0 })
  t.false((await pids()).includes(lost!))
})

test('a pid that belongs to somebody else by now is neither adopted nor killed', async (t) => {
  const { create, provision, home, request, wanted } = await setupDriver(t, under)
  const first = create()
  await provision(first)
  await provision(first, { transition: 'stop' })
  await first.close()
  const stranger = spawn('sleep', ['600'], { stdio: 'ignore' })
  t.teardown(() => stranger.kill('SIGKILL'))
  await once(stranger, 'spawn')
  const state = (await readState(pathsOf(home), request.workspaceId))!
  const agents = state.agents.map((agent) => ({ ...agent, process: { pid: stranger.pid!, startTime: '1' } }))
  await writeState(pathsOf(home), { ...state, phase: 'running', agents })
  t.deepEqual(await create().resume([wanted()]), { adopted: 0, restarted: 1, killed: 0 })
  t.is(stranger.exitCode ?? stranger.signalCode, null)
})

test('a state of an earlier boot adopts nothing', async (t) => {
  const { create, provision, home, request, wanted, isReady } = await setupDriver(t, under)
  const first = create()
  await provision(first)
  await until(isReady)
  await first.close()
  const state = (await readState(pathsOf(home), request.workspaceId))!
  await writeState(pathsOf(home), { ...state, bootId: 'an earlier one' })
  t.deepEqual(await create().resume([wanted()]), { adopted: 0, restarted: 1, killed: 0 })
})

test('a directory that no workspace is known for is kept and reported', async (t) => {
  const { create, home, lines } = await setupDriver(t, under)
  const stray = randomUUID()
  await mkdir(join(home, 'workspaces', stray), { recursive: true })
  t.deepEqual(await create().resume([]), { adopted: 0, restarted: 0, killed: 0 })
  t.true(await under.hasFiles(home, stray))
  t.true(lines.some((line) => line.includes(stray)))
})

test('a home that cannot be written is one clear sentence', async (t) => {
  const { create, provision, home } = await setupDriver(t, under)
  await writeFile(join(home, 'workspaces'), 'in the way')
  const result = await provision(create())
  t.false(result.ok)
  t.regex(result.ok ? '' : result.error, /workspaces/)
})

test('the log of a build says what was done', async (t) => {
  const { create, provision, lines, request } = await setupDriver(t, under)
  await provision(create())
  t.true(lines.includes(`Created directory workspaces/${request.workspaceId}`))
  t.true(lines.some((line) => /^Started agent main, pid \d+$/.test(line)))
})

asRoot('without root a workspace is found by its environment, and ended with all that it started', async (t) => {
  const scripts = [aScript('setsid sleep 600 & touch "$HOME/up"')]
  const { server, request, home } = await setupDriver(t, under, { scripts })
  const theirs = join(home, 'nobody')
  await mkdir(theirs)
  await chmod(home, 0o755)
  await chown(theirs, NOBODY, NOBODY)
  const script = fileURLToPath(new URL('unprivileged.ts', import.meta.url))
  const options = JSON.stringify({ home: theirs, url: server.url, request })
  const child = spawn(process.execPath, [script, options], { uid: NOBODY, gid: NOBODY, env: {}, cwd: theirs })
  const said: Record<'out' | 'err', string> = { out: '', err: '' }
  child.stdout.on('data', (text: Buffer) => (said.out += text))
  child.stderr.on('data', (text: Buffer) => (said.err += text))
  await once(child, 'close').catch((error: Error) => (said.err += error.message))
  if (/EACCES|ERR_MODULE_NOT_FOUND/.test(said.err)) {
    t.pass('a clone that only root can read cannot be run by anybody else')
    return
  }
  t.is(child.exitCode, 0, said.err)
  t.deepEqual(JSON.parse(said.out), {
    start: { ok: true },
    running: 2,
    stop: { ok: true },
    afterStop: 0,
    resume: { adopted: 0, restarted: 1, killed: 0 },
    delete: { ok: true },
    afterDelete: 0,
  })
})
