// What every driver must do, whatever it runs workspaces on. A driver's own test file calls `testDriver`.
import { randomUUID } from 'node:crypto'
import type { ExecutionContext, TestFn } from 'ava'
import type { AgentManifest } from '../../src/contract/agentApi.ts'
import { TemplateManifest } from '../../src/domain/manifest.ts'
import type { Driver, DriverEvents, ProvisionRequest, WantedWorkspace } from '../../src/provisioners/driver.ts'
import { aManifest, aScript, claimed, type ScriptedServer, startServer } from '../agent/server.ts'
import { until } from '../support/until.ts'

export type DriverOptions = { home: string; url: string; events: DriverEvents; log: (line: string) => void }

/** How the suite makes a driver, and sees and disturbs what it runs. */
export type DriverUnderTest = {
  name: string
  makeHome(t: ExecutionContext): Promise<string>
  create(options: DriverOptions): Driver
  /** Processes of the workspace that are alive, its agent's first. */
  pids(home: string, workspaceId: string): Promise<number[]>
  hasFiles(home: string, workspaceId: string): Promise<boolean>
}

export type Exit = { workspaceId: string; buildId: string; reason: string }

export type DriverWorld = {
  home: string
  server: ScriptedServer
  manifest: AgentManifest
  request: ProvisionRequest
  exits: Exit[]
  lines: string[]
  create: () => Driver
  provision: (driver: Driver, over?: Partial<ProvisionRequest>, signal?: AbortSignal) => ReturnType<Driver['provision']>
  wanted: (over?: Partial<WantedWorkspace>) => WantedWorkspace
  pids: () => Promise<number[]>
  isReady: () => boolean
}

export async function setupDriver(t: ExecutionContext, under: DriverUnderTest, over: Partial<AgentManifest> = {}) {
  const home = await under.makeHome(t)
  const manifest = aManifest({ scripts: [aScript('echo "$DAYBREAK_OWNER" >> "$HOME/owners"')], ...over })
  const server = await startServer(manifest)
  const [exits, lines, drivers]: [Exit[], string[], Driver[]] = [[], [], []]
  const request = aRequest(manifest)
  const create = () => {
    const events: DriverEvents = { agentExited: async (event) => void exits.push(event) }
    const driver = under.create({ home, url: server.url, events, log: (line) => lines.push(line) })
    drivers.push(driver)
    return driver
  }
  const world: DriverWorld = {
    home,
    server,
    manifest,
    request,
    exits,
    lines,
    create,
    provision: (driver, change = {}, signal = new AbortController().signal) =>
      driver.provision({ ...request, ...change }, { signal, log: ({ output }) => lines.push(output) }),
    wanted(change = {}) {
      const { workspaceId, buildId, workspaceName, ownerName, manifest: template, agents } = request
      return { workspaceId, buildId, workspaceName, ownerName, manifest: template, agents, ...change }
    },
    pids: () => under.pids(home, request.workspaceId),
    isReady: () => server.lifecycle().includes('ready'),
  }
  t.teardown(async () => {
    for (const driver of drivers) await driver.close()
    const last = create()
    await last.stopAll({ graceMs: 0 })
    await last.close()
    await server.close()
  })
  return world
}

function aRequest(manifest: AgentManifest): ProvisionRequest {
  return {
    buildId: randomUUID(),
    buildNumber: 1,
    workspaceId: manifest.workspace_id,
    workspaceName: manifest.workspace_name,
    ownerName: manifest.owner_username,
    transition: 'start',
    stage: 'prebuild',
    manifest: TemplateManifest.parse({ agents: [{ name: manifest.agent_name }] }),
    parameters: {},
    agents: [{ id: manifest.agent_id, name: manifest.agent_name, token: 'token-of-build-1' }],
  }
}

export function testDriver(test: TestFn, under: DriverUnderTest): void {
  testBuilds(test, under)
  testDeaths(test, under)
  testResume(test, under)
}

function testBuilds(test: TestFn, under: DriverUnderTest): void {
  test(`${under.name}: start leaves an agent that signs in, and repeating it changes nothing`, async (t) => {
    const { create, provision, server, pids, isReady } = await setupDriver(t, under)
    const driver = create()
    t.deepEqual(await provision(driver), { ok: true })
    await until(isReady)
    t.is(server.calls[0]?.token, 'token-of-build-1')
    const before = await pids()
    t.deepEqual(await provision(driver), { ok: true })
    t.deepEqual(await pids(), before)
    t.is(server.named().filter((call) => call === 'GET manifest').length, 1)
  })

  test(`${under.name}: stop runs the stop scripts and keeps the files, the next start uses them`, async (t) => {
    const onStop = { run_on_start: false, run_on_stop: true }
    const scripts = [aScript('echo x >> "$HOME/starts"; cat "$HOME/starts"'), aScript('echo stopped', onStop)]
    const { create, provision, server, pids, isReady, home, request } = await setupDriver(t, under, { scripts })
    const driver = create()
    await provision(driver)
    await until(isReady)
    t.deepEqual(await provision(driver, { transition: 'stop', buildId: randomUUID() }), { ok: true })
    t.deepEqual(await pids(), [])
    t.true(server.outputs().includes('stopped'))
    t.true(await under.hasFiles(home, request.workspaceId))
    server.calls.length = 0
    t.deepEqual(await provision(driver, { buildId: randomUUID() }), { ok: true })
    await until(() => server.outputs().length === 2)
    t.deepEqual(server.outputs(), ['x', 'x'])
  })

  test(`${under.name}: delete leaves neither processes nor files, and may be repeated`, async (t) => {
    const { create, provision, pids, isReady, home, request } = await setupDriver(t, under)
    const driver = create()
    await provision(driver)
    await until(isReady)
    const change = { transition: 'delete', buildId: randomUUID() } as const
    t.deepEqual(await provision(driver, change), { ok: true })
    t.deepEqual(await pids(), [])
    t.false(await under.hasFiles(home, request.workspaceId))
    t.deepEqual(await provision(driver, change), { ok: true })
    t.deepEqual(await provision(driver, { transition: 'stop' }), { ok: true })
  })

  test(`${under.name}: a new build replaces the agent of the one before`, async (t) => {
    const { create, provision, server, pids, isReady, request } = await setupDriver(t, under)
    const driver = create()
    await provision(driver)
    await until(isReady)
    const [old] = await pids()
    const agents = request.agents.map(({ id, name }) => ({ id, name, token: 'token-of-build-2' }))
    t.deepEqual(await provision(driver, { buildId: randomUUID(), buildNumber: 2, agents }), { ok: true })
    await until(() => server.calls.some(({ token }) => token === 'token-of-build-2'))
    t.false((await pids()).includes(old!))
    t.true(server.lifecycle().includes('off'))
  })

  test(`${under.name}: a canceled build leaves nothing running`, async (t) => {
    const { create, provision, pids } = await setupDriver(t, under)
    const canceled = { ok: false, code: 'canceled', error: 'canceled' } as const
    t.deepEqual(await provision(create(), {}, AbortSignal.abort()), canceled)
    t.deepEqual(await pids(), [])
    const abort = new AbortController()
    const pending = provision(create(), {}, abort.signal)
    abort.abort()
    t.deepEqual(await pending, canceled)
    t.deepEqual(await pids(), [])
  })

  test(`${under.name}: a claim reaches the running agent`, async (t) => {
    const { create, provision, server, manifest, pids, isReady } = await setupDriver(t, under)
    const driver = create()
    t.true(driver.claimsInPlace)
    await provision(driver)
    await until(() => isReady() && server.streams.size === 1)
    const before = await pids()
    server.state.manifest = claimed(manifest)
    server.announce(server.state.manifest)
    await until(() => server.lifecycle().filter((state) => state === 'ready').length === 2)
    t.deepEqual(await pids(), before)
  })
}

function testDeaths(test: TestFn, under: DriverUnderTest): void {
  test(`${under.name}: an agent that is killed is reported at once and started again`, async (t) => {
    const { create, provision, server, pids, isReady, exits, request } = await setupDriver(t, under)
    await provision(create())
    await until(isReady)
    const [pid] = await pids()
    server.calls.length = 0
    process.kill(pid!, 'SIGKILL')
    const [exit] = await until(
      () => exits,
      ({ length }) => length === 1,
    )
    t.like(exit, { workspaceId: request.workspaceId, buildId: request.buildId })
    await until(isReady)
    t.not((await pids())[0], pid)
  })

  test(`${under.name}: an agent that is stopped is not reported`, async (t) => {
    const { create, provision, isReady, exits, pids } = await setupDriver(t, under)
    const driver = create()
    await provision(driver)
    await until(isReady)
    await provision(driver, { transition: 'stop' })
    t.deepEqual(await pids(), [])
    t.deepEqual(exits, [])
  })
}

function testResume(test: TestFn, under: DriverUnderTest): void {
  test(`${under.name}: a new driver adopts what runs, also under the build of a claim, and sees it die`, async (t) => {
    const { create, provision, wanted, pids, isReady, exits, server } = await setupDriver(t, under)
    const first = create()
    await provision(first)
    await until(isReady)
    await first.close()
    const before = await pids()
    const second = create()
    const claim = wanted({ buildId: randomUUID() })
    t.deepEqual(await second.resume([claim]), { adopted: 1, restarted: 0, killed: 0 })
    t.deepEqual(await pids(), before)
    server.calls.length = 0
    process.kill(before[0]!, 'SIGKILL')
    const [exit] = await until(
      () => exits,
      ({ length }) => length === 1,
    )
    t.is(exit?.buildId, claim.buildId)
    await until(isReady)
    t.deepEqual(await second.resume([claim]), { adopted: 1, restarted: 0, killed: 0 })
  })

  test(`${under.name}: a new driver starts what died meanwhile`, async (t) => {
    const { create, provision, wanted, pids, isReady, exits, server } = await setupDriver(t, under)
    const first = create()
    await provision(first)
    await until(isReady)
    await first.close()
    const [pid] = await pids()
    process.kill(pid!, 'SIGKILL')
    await until(async () => !(await pids()).includes(pid!))
    server.calls.length = 0
    t.deepEqual(await create().resume([wanted()]), { adopted: 0, restarted: 1, killed: 0 })
    await until(isReady)
    t.deepEqual(
      exits.map(({ reason }) => reason),
      ['its agent was not running'],
    )
  })

  test(`${under.name}: a new driver ends what nobody wants, and keeps its files`, async (t) => {
    const { create, provision, pids, isReady, home, request } = await setupDriver(t, under)
    const first = create()
    await provision(first)
    await until(isReady)
    await first.close()
    const second = create()
    t.deepEqual(await second.resume([]), { adopted: 0, restarted: 0, killed: 1 })
    t.deepEqual(await pids(), [])
    t.true(await under.hasFiles(home, request.workspaceId))
    t.deepEqual(await second.resume([]), { adopted: 0, restarted: 0, killed: 0 })
  })

  test(`${under.name}: resume leaves alone what a build has just done`, async (t) => {
    const { create, provision, wanted, pids, isReady } = await setupDriver(t, under)
    const driver = create()
    await provision(driver)
    await until(isReady)
    const before = await pids()
    await driver.resume([])
    t.deepEqual(await pids(), before, 'the list may be older than the start')
    await provision(driver, { transition: 'stop' })
    await driver.resume([wanted()])
    t.deepEqual(await pids(), [], 'the list may be older than the stop')
  })

  test(`${under.name}: stopAll ends everything with its stop scripts, resume starts it again`, async (t) => {
    const { create, provision, wanted, pids, isReady, server } = await setupDriver(t, under)
    const driver = create()
    await provision(driver)
    await until(isReady)
    await driver.stopAll({ graceMs: 10_000 })
    t.deepEqual(await pids(), [])
    t.is(server.lifecycle().at(-1), 'off')
    server.calls.length = 0
    t.deepEqual(await driver.resume([wanted()]), { adopted: 0, restarted: 1, killed: 0 })
    await until(isReady)
  })
}
