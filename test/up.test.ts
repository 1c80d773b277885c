// Whole programs on homes of their own: what a person sees who starts, stops, kills and starts again.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, readdirSync, readFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { listPrebuildPools } from '../src/contract/prebuilds.ts'
import { listTemplates, listTemplateVersionPresets } from '../src/contract/templates.ts'
import { ApiError, type Client } from '../src/contract/client.ts'
import { createWorkspace, getWorkspace, listWorkspaces, type Workspace } from '../src/contract/workspaces.ts'
import { homeReachable } from '../src/postgres/owner.ts'
import { startedWith } from '../src/provisioners/process/processes.ts'
import { testDatabase } from './support/database.ts'
import { until } from './support/until.ts'
import { startOldPostgres } from './up/oldPostgres.ts'
import { agentsOf, aPlace, full, type Place, postmastersOf, processesOf, run, signal, start } from './up/daybreak.ts'

/** The user without rights that every Linux has. */
const NOBODY = 65_534

// One after the other: several at once on a small machine only wait for each other.

test.serial('a first start prints a link that signs in once, fills the pool, and ends clean at SIGTERM', async (t) => {
  const place = await aPlace(t)
  const { says, client, child, ended } = await start(t, place)
  const [, link = ''] = await says(/^ {2}Page: +(\S+\/sign-in\?token=\S+)/m)
  const signedIn = await fetch(link, { redirect: 'manual' })
  t.is(signedIn.status, 303)
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  t.is((await fetch(`${place.url}/`, { headers: { cookie } })).status, 200)
  t.is((await fetch(link, { redirect: 'manual' })).status, 401, 'the link works once')
  const pools = await full(client)
  t.is(pools.find(({ preset_name: name }) => name === 'always-warm')?.ready, 2)

  const second = await run(t, place).ended
  t.is(second.code, 1)
  t.is(
    second.stderr.split('\n')[0],
    `daybreak: Daybreak is already running in ${place.home}: pid ${child.pid}, ${place.url}.`,
  )
  t.deepEqual(await full(client), pools, 'the first one goes on')

  child.kill('SIGTERM')
  const { code, stdout, stderr } = await ended
  t.deepEqual([code, stderr], [0, ''])
  t.regex(stdout, /\nStopped\./)
  t.deepEqual(processesOf(place), [])
})

test.serial('the next start goes on with the same workspaces, and Ctrl-C ends clean too', async (t) => {
  const place = await aPlace(t)
  const first = await start(t, place)
  await full(first.client)
  const mine = await claim(first.client, 'mine')
  await full(first.client)
  const before = await inventory(first.client, place)
  first.child.kill('SIGINT')
  t.is((await first.ended).code, 0)
  t.deepEqual(processesOf(place), [])

  const second = await start(t, place)
  await full(second.client)
  await until(() => isReady(second.client, mine))
  t.deepEqual(await inventory(second.client, place), before)
  second.child.kill('SIGINT')
  t.is((await second.ended).code, 0)
  t.deepEqual(processesOf(place), [])
})

test.serial('killed in the middle of its builds, it finishes them at the next start', async (t) => {
  const place = await aPlace(t)
  const first = await start(t, place)
  await until(
    () => first.client(listPrebuildPools, {}),
    (pools) => pools.some(({ starting }) => starting > 0),
  )
  await killAll(place)
  const { client } = await start(t, place)
  const pools = await full(client)
  t.deepEqual(
    pools.map(({ failed }) => failed),
    pools.map(() => 0),
  )
  await assertLives(t, place, { client, workspace: await claim(client, 'mine') })
})

test.serial('after everything was killed at once, no claim gets a corpse and the pools fill again', async (t) => {
  const place = await aPlace(t)
  const first = await start(t, place)
  await full(first.client)
  const mine = await claim(first.client, 'mine')
  await full(first.client)
  await killAll(place)
  t.deepEqual(agentsOf(place), [])

  const { client } = await start(t, place)
  await assertLives(t, place, { client, workspace: await claim(client, 'first') })
  await assertLives(t, place, { client, workspace: mine })
  await full(client)
})

test.serial('after the main process alone was killed, its database and agents are adopted as they are', async (t) => {
  const place = await aPlace(t)
  const first = await start(t, place)
  await full(first.client)
  const before = { agents: agentsOf(place), postmasters: postmastersOf(place) }
  await killed(first.child)
  t.deepEqual(agentsOf(place), before.agents, 'they do not need the server')

  // A start that cannot succeed leaves everything as it was.
  {
    await using taken = await listenAt(place)
    t.truthy(taken)
    t.is((await run(t, place).ended).code, 1)
  }
  t.deepEqual(agentsOf(place), before.agents)
  t.deepEqual(postmastersOf(place), before.postmasters)

  const { client, says } = await start(t, place)
  await says(/^PostgreSQL 18 was running on /m)
  await assertLives(t, place, { client, workspace: await claim(client, 'first') })
  t.true(
    before.agents.every((pid) => agentsOf(place).includes(pid)),
    'no agent was started again',
  )
  await full(client)
})

test.serial('what it cannot start with is one sentence, and nothing is left running', async (t) => {
  const place = await aPlace(t)
  const refused = async (env: Record<string, string>, sentence: RegExp): Promise<void> => {
    const { code, stderr } = await run(t, { env: { ...place.env, ...env } }).ended
    t.is(code, 1)
    t.regex(stderr, sentence)
    t.regex(stderr, /^daybreak: [^\n]+\.\n[^\n]+\n$/, 'one sentence and what to do')
    t.deepEqual(processesOf(place), [])
  }
  {
    await using taken = await listenAt(place)
    t.truthy(taken)
    await refused({}, /cannot listen on 127\.0\.0\.1:\d+: another program listens there already\./)
  }
  await refused({ DAYBREAK_LISTEN: 'everywhere' }, /DAYBREAK_LISTEN: expected host:port/)
  await refused({ DAYBREAK_LISTEN: '127.0.0.1:99999' }, /DAYBREAK_LISTEN: 99999 is no port/)
  // Reserved for documentation, so that no machine has it: RFC 5737.
  await refused(
    { DAYBREAK_LISTEN: '192.0.2.1:7080' },
    /cannot listen on 192\.0\.2\.1:7080: this machine has no such address\./,
  )
})

test.serial('a port that this user may not open is one sentence', async (t) => {
  const place = await aPlace(t)
  if (!mayTryAsNobody()) {
    t.pass('only root on Linux can become somebody else, and some containers give every port')
    return
  }
  chownSync(path.dirname(place.home), NOBODY, NOBODY)
  const env = { ...place.env, DAYBREAK_LISTEN: '127.0.0.1:1' }
  const { code, stderr } = await run(t, { env, uid: NOBODY }).ended
  t.is(code, 1)
  t.regex(stderr, /^daybreak: Daybreak cannot listen on 127\.0\.0\.1:1: this user may not open that port\.\n[^\n]+\n$/)
  t.deepEqual(processesOf(place), [])
})

test.serial('a server without what it needs says so in one sentence', async (t) => {
  const { env } = await aPlace(t)
  const { url } = await testDatabase(t)
  const refused = async (settings: Record<string, string>, sentence: RegExp): Promise<void> => {
    const { code, stdout, stderr } = await run(t, { env: { ...env, ...settings }, args: ['server'] }).ended
    t.deepEqual([code, stdout], [1, ''])
    t.regex(stderr, sentence)
    t.regex(stderr, /^daybreak: [^\n]+\.\n[^\n]+\n$/, 'one sentence and what to do')
  }
  await refused({}, /DAYBREAK_DATABASE_URL is not set\./)
  await refused(
    { DAYBREAK_DATABASE_URL: 'postgres://nobody:hunter2@127.0.0.1:1/daybreak' },
    /^daybreak: The database daybreak at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
  )
  await refused({ DAYBREAK_DATABASE_URL: url }, /DAYBREAK_SECRET_KEY is not set\./)
  await refused({ DAYBREAK_DATABASE_URL: url, DAYBREAK_SECRET_KEY: 'c2hvcnQ=' }, /a key of 5 bytes/)
})

test.serial('a server refuses a PostgreSQL that is too old for it', async (t) => {
  const { env } = await aPlace(t)
  const old = await startOldPostgres(t)
  if (!old) {
    t.pass('no older PostgreSQL is installed here')
    return
  }
  const { code, stderr } = await run(t, { env: { ...env, DAYBREAK_DATABASE_URL: old }, args: ['server'] }).ended
  t.is(code, 1)
  t.regex(stderr, /^daybreak: PostgreSQL \d+\.\d+ .*is too old: Daybreak needs 18 or newer\.\n[^\n]+\n$/)
})

test.serial('a server drains at SIGTERM', async (t) => {
  const place = await aPlace(t)
  const { url } = await testDatabase(t)
  const settings = { DAYBREAK_DATABASE_URL: url, DAYBREAK_SECRET_KEY: Buffer.alloc(32, 7).toString('base64') }
  const server = run(t, { env: { ...place.env, ...settings }, args: ['server', '--role', 'all'] })
  await server.says(/"ready at http/)
  t.is(await (await fetch(`${place.url}/healthz`)).text(), 'OK')
  server.child.kill('SIGTERM')
  const { code, stdout, stderr } = await server.ended
  t.is(code, 0)
  t.regex(stderr, /^Sign in as admin \(once, within 15 minutes\): \S+\?token=\S+\n$/)
  t.notRegex(stdout, /"level":[456]0|token=/, 'the log is kept, and read by others')
  t.deepEqual(processesOf(place), [])
})

/** Also not where the clone lies in a folder that is closed to others. */
function mayTryAsNobody(): boolean {
  if (process.getuid?.() !== 0 || !homeReachable(import.meta.dirname)) return false
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) > 1
  } catch {
    return false
  }
}

async function claim(client: Client, name: string): Promise<Workspace> {
  const [template] = await client(listTemplates, {})
  const presets = await client(listTemplateVersionPresets, {
    params: { templateversion: template?.active_version_id ?? '' },
  })
  const preset = presets.find(({ Name }) => Name === 'always-warm')
  const body = {
    name,
    template_id: template?.id ?? '',
    template_version_preset_id: preset?.ID ?? '',
    prebuild: 'require' as const,
    wait_ms: 5_000,
  }
  return await until(async () => {
    try {
      return await client(createWorkspace, { params: { user: 'me' }, body })
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) return undefined
      throw error
    }
  }).then((workspace) => workspace!)
}

/** What is there by name and owner, and what of it is on the disk. */
async function inventory(client: Client, { home }: Place): Promise<string[]> {
  const { workspaces } = await client(listWorkspaces, { query: { limit: 100 } })
  const named = workspaces.map(({ id, name, owner_name: owner }) => `${id} ${owner}/${name}`)
  return [...named, ...readdirSync(path.join(home, 'workspaces'))].toSorted()
}

async function isReady(client: Client, { id }: Workspace): Promise<boolean> {
  const { latest_build: build } = await client(getWorkspace, { params: { workspace: id }, query: {} })
  const agents = build.resources.flatMap((resource) => resource.agents ?? [])
  return (
    agents.length > 0 &&
    agents.every(
      ({ status, lifecycle_state: state, reinit }) =>
        status === 'connected' && state === 'ready' && reinit.acknowledged_generation === reinit.generation,
    )
  )
}

/** The agent has said that it knows its owner, and it runs. */
async function assertLives(t: ExecutionContext, place: Place, { client, workspace }: Owned): Promise<void> {
  await until(() => isReady(client, workspace))
  const own = agentsOf(place).filter((pid) => startedWith(pid, 'DAYBREAK_WORKSPACE_ID') === workspace.id)
  t.is(own.length, 1, `one agent of ${workspace.name}`)
}

type Owned = { client: Client; workspace: Workspace }

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** The program, its PostgreSQL and its agents, as a power failure would, but for the disk. */
async function killAll(place: Place): Promise<void> {
  await until(() => processesOf(place).every((pid) => !signal(pid, 'SIGKILL')))
}

/** Another program on this home's port. */
async function listenAt({ url }: Place): Promise<AsyncDisposable> {
  const { hostname, port } = new URL(url)
  // Agents that outlived their server come here too; an open connection would keep it from closing.
  const server = net.createServer((socket) => socket.destroy()).listen(Number(port), hostname)
  await once(server, 'listening')
  return { [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')) }
}
