import { randomUUID } from 'node:crypto'
import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { listAgentLogs } from '../../src/contract/workspaces.ts'
import { agentRow, ask, aStage, type Call, claim, manifestOf, type Stage } from './agentProtocol.ts'

const now = () => new Date().toISOString()
const lifecycle = (state: string) => ({ path: 'lifecycle', body: { state, changed_at: now() } })

async function poolOf({ server, workspaceId }: Stage) {
  return await server.db.one(sql.type(z.object({ state: z.string(), ready: z.boolean() }))`
    select state, ready_at is not null as ready from daybreak.prebuild_pool where workspace_id = ${workspaceId}`)
}

async function eventsOf({ server, world }: Stage): Promise<string[]> {
  const rows = await server.db.any(sql.type(z.object({ kind: z.string() }))`
    select kind from daybreak.prebuild_events where preset_id = ${world.presetId} order by id`)
  return rows.map(({ kind }) => kind)
}

/** The prebuild's agent has started anew, so that it is to become ready again. */
async function boots(stage: Stage): Promise<void> {
  await stage.server.db.query(
    sql.unsafe`update daybreak.workspace_agents set lifecycle_state = 'starting', ready_at = null`,
  )
  await stage.server.db.query(sql.unsafe`update daybreak.prebuild_pool set state = 'booting', ready_at = null,
    boot_deadline_at = now() + interval '1 minute'`)
}

test('a manifest tells an agent who and where it is, and what it runs, before and after the claim', async (t) => {
  const stage = await aStage(t)
  const { server, workspaceId } = stage
  const [agent] = stage.agents
  await server.db.query(sql.unsafe`
    insert into daybreak.workspace_agent_scripts (agent_id, position, display_name, icon, script, cron, run_on_start,
      run_on_stop, start_blocks_login, timeout_seconds)
    values (${agent!.id}, 0, 'greet', '', 'echo hi', '', true, false, true, 60)`)
  const before = await manifestOf(server, agent!)
  t.like(before, {
    agent_id: agent!.id,
    workspace_id: workspaceId,
    owner_username: 'prebuilds',
    stage: 'prebuild',
    generation: 0,
  })
  t.like(before.scripts, [{ display_name: 'greet', script: 'echo hi', run_on_start: true, timeout_seconds: 60 }])
  await claim(stage)
  const after = await manifestOf(server, agent!)
  t.not(after.agent_id, agent!.id)
  t.like(after, {
    workspace_id: workspaceId,
    workspace_name: 'mine',
    owner_username: 'admin',
    stage: 'claim',
    generation: 1,
  })
  t.deepEqual(after.scripts, before.scripts)
})

test('an agent that names the row a claim has replaced is told so, and what it says changes nothing', async (t) => {
  const stage = await aStage(t)
  const { server } = stage
  const [agent] = stage.agents
  await claim(stage)
  for (const call of [
    lifecycle('ready'),
    { path: 'heartbeat', body: {} },
    { path: 'reinit/ack', body: { generation: 1 } },
    {
      method: 'PATCH',
      path: 'logs',
      body: { log_source_id: randomUUID(), logs: [{ created_at: now(), output: 'x' }] },
    },
    { method: 'GET', path: 'reinit' },
    { method: 'GET', path: 'manifest' },
  ]) {
    t.like(await ask(server, agent!, call), { status: 401, reply: { code: 'superseded' } }, call.path)
  }
  const { agent_id: id } = await manifestOf(server, agent!)
  t.like(await agentRow(server, { id }), { lifecycle: 'created', acknowledged: 0 })
})

test('the report that an agent is ready makes its prebuild claimable, in the same transaction', async (t) => {
  const stage = await aStage(t)
  const [agent] = stage.agents
  await boots(stage)
  t.deepEqual(await poolOf(stage), { state: 'booting', ready: false })
  t.is((await ask(stage.server, agent!, lifecycle('ready'))).status, 204)
  t.deepEqual(await poolOf(stage), { state: 'ready', ready: true })
  t.deepEqual(await eventsOf(stage), ['became_ready'])
  t.true((await claim(stage)).claim.from_pool)
})

test('a prebuild whose start script fails is kept as evidence, and says so', async (t) => {
  const stage = await aStage(t)
  await boots(stage)
  await ask(stage.server, stage.agents[0]!, lifecycle('start_error'))
  t.is((await poolOf(stage)).state, 'failed')
  t.deepEqual(await eventsOf(stage), ['start_failed'])
  await ask(stage.server, stage.agents[0]!, lifecycle('ready'))
  t.is((await poolOf(stage)).state, 'failed')
  t.like(await t.throwsAsync(claim(stage)), { status: 409 })
})

test('an agent that lost its connection is connected again by a heartbeat, and its prebuild claimable', async (t) => {
  const stage = await aStage(t)
  const [agent] = stage.agents
  await boots(stage)
  await stage.server.db.query(
    sql.unsafe`update daybreak.workspace_agents set disconnected_at = now(), lifecycle_state = 'ready'`,
  )
  await ask(stage.server, agent!, { path: 'heartbeat', body: {} })
  t.false((await agentRow(stage.server, agent!)).away)
  t.is((await poolOf(stage)).state, 'ready')
})

test('a connected agent says of which version it is', async (t) => {
  const stage = await aStage(t)
  const [agent] = stage.agents
  await stage.server.db.query(sql.unsafe`update daybreak.workspace_agents set disconnected_at = now()`)
  await ask(stage.server, agent!, { path: 'heartbeat', body: { version: '1.2.3' } })
  t.is((await agentRow(stage.server, agent!)).version, '1.2.3')
})

test('an acknowledgement may be repeated, and one of a generation that nobody announced is refused', async (t) => {
  const stage = await aStage(t)
  const { server } = stage
  await claim(stage)
  const { agent_id: id } = await manifestOf(server, stage.agents[0]!)
  const agent = { id, token: stage.agents[0]!.token }
  const ack = async (generation: number) => await ask(server, agent, { path: 'reinit/ack', body: { generation } })
  t.like(await ack(2), { status: 400, reply: { message: 'Validation failed.' } })
  t.is((await ack(2 ** 40)).status, 400)
  t.like(await agentRow(server, agent), { acknowledged: 0, at: null })
  t.is((await ack(1)).status, 204)
  const first = await agentRow(server, agent)
  t.is(first.acknowledged, 1)
  for (const generation of [1, 0, 1]) t.is((await ack(generation)).status, 204)
  t.deepEqual(await agentRow(server, agent), first)
})

test('what an agent says out of form is refused, and never an error of ours', async (t) => {
  const { server, agents } = await aStage(t)
  const [agent] = agents
  const source = randomUUID()
  const line = { created_at: now(), output: 'x' }
  const logs = (...given: unknown[]) => ({
    method: 'PATCH',
    path: 'logs',
    body: { log_source_id: source, logs: given },
  })
  const status = async (call: Call) => (await ask(server, agent!, call)).status
  t.is(await status(logs()), 400)
  t.is(await status(logs({ ...line, level: 'loud' })), 400)
  t.is(await status(logs({ ...line, created_at: 'yesterday' })), 400)
  t.is(await status(logs({ ...line, created_at: '0000-01-01T00:00:00Z' })), 400)
  t.is(await status(logs({ ...line, created_at: '2026-01-01T00:00:00+23:00' })), 400)
  t.is(await status(lifecycle('asleep')), 400)
  t.is(await status({ path: 'reinit/ack', body: { generation: -1 } }), 400)
  t.is(await status({ method: 'GET', path: 'reinit?generation=soon' }), 400)
  t.is(await status({ method: 'GET', path: 'reinit?generation=1e30' }), 400)
  t.is((await ask(server, { ...agent!, token: 'no-uuid' }, { path: 'heartbeat' })).status, 401)
  t.is((await ask(server, { ...agent!, token: randomUUID() }, { path: 'heartbeat' })).status, 401)
})

const written = (source: string, outputs: readonly string[]) => ({
  method: 'PATCH',
  path: 'logs',
  body: { log_source_id: source, logs: outputs.map((output) => ({ created_at: now(), output })) },
})

test('log lines are kept in their order, whatever bytes the scripts wrote', async (t) => {
  const { server, agents } = await aStage(t)
  const [agent] = agents
  const source = randomUUID()
  for (const output of ['one', 'two\u0000three', '\ud800 alone', `${'a'.repeat(1023)}😀`, '']) {
    t.deepEqual(await ask(server, agent!, written(source, [output])), { status: 200, reply: null })
  }
  const lines = await server.client(listAgentLogs, { params: { agent: agent!.id }, query: {} })
  const outputs = lines.map(({ output }) => output)
  t.deepEqual(outputs, ['one', 'two\ufffdthree', '\ufffd alone', `${'a'.repeat(1023)}\ufffd`, ''])
  t.like(lines[0], { level: 'info', source_id: source })
  const after = await server.client(listAgentLogs, { params: { agent: agent!.id }, query: { after: lines[3]!.id } })
  t.is(after.length, 1)
})

// The statement returns a row for each line, and is read as one that returns at most one.
test('several lines of one request are stored once, in their order', async (t) => {
  const { server, agents } = await aStage(t)
  const outputs = Array.from({ length: 100 }, (_, i) => `line ${i}`)
  t.is((await ask(server, agents[0]!, written(randomUUID(), outputs))).status, 200)
  const lines = await server.client(listAgentLogs, { params: { agent: agents[0]!.id }, query: {} })
  t.deepEqual(
    lines.map(({ output }) => output),
    outputs,
  )
})

test('an agent may write a mebibyte of logs, and is then told that no more is kept', async (t) => {
  const { server, agents } = await aStage(t)
  await server.db.query(sql.unsafe`update daybreak.workspace_agents set logs_length = 1024 * 1024 - 2 * 1024`)
  const line = written(randomUUID(), ['x'.repeat(1024)])
  for (const status of [200, 200, 413, 413]) t.is((await ask(server, agents[0]!, line)).status, status)
  const kept = await server.client(listAgentLogs, { params: { agent: agents[0]!.id }, query: {} })
  t.is(kept.length, 2)
})
