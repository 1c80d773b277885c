import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { insertAgent } from '../../sql/workspace_agents.sql.ts'
import { ReinitEvent, TOKEN_HEADER } from '../../src/contract/agentApi.ts'
import { getWorkspace } from '../../src/contract/workspaces.ts'
import { hashSecret } from '../../src/secrets.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { type Agent, agentRow, ask, aStage, claim, manifestOf, type Stage } from './agentProtocol.ts'

type Heard = { events: ReinitEvent[]; ended: boolean; hangUp(): void }

/** An open reinit stream with what it has said; the server subscribes before it answers. */
async function listen(t: ExecutionContext, server: TestServer, { token }: Agent, generation = 0): Promise<Heard> {
  const hanging = new AbortController()
  const url = `${server.url}/api/v2/workspaceagents/me/reinit?generation=${generation}`
  const response = await fetch(url, { headers: { [TOKEN_HEADER]: token }, signal: hanging.signal })
  t.is(response.status, 200)
  const heard: Heard = { events: [], ended: false, hangUp: () => hanging.abort() }
  void follow(response, heard).finally(() => {
    heard.ended = true
  })
  return heard
}

async function follow(response: Response, heard: Heard): Promise<void> {
  let text = ''
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split('\n\n')
      text = blocks.pop()!
      for (const block of blocks) {
        const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(block) ?? []
        if (data === undefined) continue
        const event = ReinitEvent.parse(JSON.parse(data))
        heard.events.push({ ...event, generation: Number(id) })
      }
    }
  } catch {
    // hung up, or the server went away
  }
}

/** A notification of its own has reached every stream of this server. */
async function woken(server: TestServer, workspaceId: string): Promise<void> {
  const marks: string[] = []
  const unsubscribe = server.server.hub.subscribe('reinit', workspaceId, () => marks.push(workspaceId))
  await server.db.query(sql.unsafe`select pg_notify('daybreak_reinit', ${workspaceId})`)
  await until(() => marks.length > 0)
  unsubscribe?.()
}

const notApplicable = { status: 409, reply: { code: 'reinit_not_applicable' } }
const askForReinit = async (server: TestServer, agent: Agent, generation = 0) =>
  await ask(server, agent, { method: 'GET', path: `reinit?generation=${generation}`, asId: null })

async function acknowledge(server: TestServer, { token }: Agent): Promise<void> {
  const { agent_id: id, generation } = await manifestOf(server, { id: '', token })
  const { status } = await ask(server, { id, token }, { path: 'reinit/ack', body: { generation } })
  if (status !== 204) throw new Error(`the acknowledgement was answered ${status}`)
}

test('a claim before the agent listens is announced as soon as it does', async (t) => {
  const stage = await aStage(t)
  const { id } = await claim(stage)
  const heard = await listen(t, stage.server, stage.agents[0]!)
  await until(() => heard.events.length > 0)
  const [event] = heard.events
  t.like(event, { reason: 'prebuild_claimed', workspace_id: id, owner_id: stage.server.admin.id, generation: 1 })
  t.is(event!.agent_id, (await manifestOf(stage.server, stage.agents[0]!)).agent_id)
})

test('a claim while the agent listens is announced once, however often it is woken', async (t) => {
  const stage = await aStage(t)
  const { server, workspaceId } = stage
  const heard = await listen(t, server, stage.agents[0]!)
  await woken(server, workspaceId)
  await claim(stage)
  await until(() => heard.events.length > 0)
  for (let again = 0; again < 3; again++) await woken(server, workspaceId)
  t.deepEqual(
    heard.events.map(({ generation }) => generation),
    [1],
  )
  t.false(heard.ended)
})

test('a claim between the subscription and the look at the row delivers one generation', async (t) => {
  const stage = await aStage(t)
  const { server } = stage
  // Streams open before, during and after the statement: some find the row, some are woken, some both.
  const tenMore = () => Array.from({ length: 10 }, async () => await listen(t, server, stage.agents[0]!))
  const before = tenMore()
  const claiming = claim(stage)
  const heard = await Promise.all([...before, ...tenMore()])
  const { id } = await claiming
  await until(() => heard.every(({ events }) => events.length > 0))
  await woken(server, id)
  for (const { events } of heard) t.is(events.length, 1)
})

test('a server that restarts announces again until the agent has acknowledged, and never afterwards', async (t) => {
  const stage = await aStage(t)
  const [agent] = stage.agents
  const first = await listen(t, stage.server, agent!)
  await claim(stage)
  await until(() => first.events.length > 0)
  await stage.server.stop()
  await until(() => first.ended)
  const restarted = await stage.server.restart()
  const second = await listen(t, restarted, agent!)
  await until(() => second.events.length > 0)
  t.deepEqual(second.events, first.events)
  const seen = await listen(t, restarted, agent!, 1)
  await acknowledge(restarted, agent!)
  t.like(await askForReinit(restarted, agent!, 1), notApplicable)
  t.like(await askForReinit(restarted, agent!, 0), notApplicable)
  t.deepEqual(seen.events, [])
})

test('another server announces what this one has handed over', async (t) => {
  const stage = await aStage(t)
  const other = await startServer(t, { role: 'api', place: stage.server.place })
  const heard = await listen(t, other, stage.agents[0]!)
  await woken(other, stage.workspaceId)
  await claim(stage)
  await until(() => heard.events.length > 0)
  t.is(heard.events[0]!.generation, 1)
})

test('an unclaimed prebuild is never told that it stays with its owner', async (t) => {
  const { server, agents, workspaceId } = await aStage(t)
  const streams = await Promise.all([0, 1, 7].map((generation) => listen(t, server, agents[0]!, generation)))
  await woken(server, workspaceId)
  t.deepEqual(
    streams.map(({ ended, events }) => [ended, events.length]),
    [0, 1, 7].map(() => [false, 0]),
  )
})

test('the agent of an ordinary workspace is told once that nothing will change', async (t) => {
  const stage = await aStage(t)
  const { server } = stage
  const { id } = await claim(stage)
  await acknowledge(server, stage.agents[0]!)
  await server.db.query(sql.unsafe`update daybreak.workspace_agents
    set reinit_generation = 0, acknowledged_generation = 0 where workspace_id = ${id}`)
  t.like(await askForReinit(server, stage.agents[0]!), notApplicable)
})

test('of several agents each has its own generation, and the claim shows who has acknowledged', async (t) => {
  const stage = await aStage(t)
  const { server, workspaceId } = stage
  const second = { id: randomUUID(), token: randomUUID() }
  const Row = z.object({ buildId: z.guid(), resourceId: z.guid() })
  const first = await server.db.one(sql.type(Row)`
    select build_id, resource_id from daybreak.workspace_agents where id = ${stage.agents[0]!.id}`)
  await insertAgent(server.db, {
    ...first,
    id: second.id,
    workspaceId,
    name: 'second',
    tokenHash: hashSecret(second.token),
    tokenSealed: Buffer.from('sealed'),
    operatingSystem: 'linux',
    architecture: 'amd64',
    directory: '',
    environmentVariables: {},
    connectionTimeoutSeconds: 120,
  })
  const heard = await Promise.all([stage.agents[0]!, second].map((agent) => listen(t, server, agent)))
  await woken(server, workspaceId)
  const { id } = await claim(stage)
  await until(() => heard.every(({ events }) => events.length > 0))
  t.is(new Set(heard.map(({ events }) => events[0]!.agent_id)).size, 2)
  await acknowledge(server, stage.agents[0]!)
  const { latest_build: build } = await server.client(getWorkspace, { params: { workspace: id }, query: {} })
  const progress = build.resources[0]!.agents!.map(({ name, reinit }) => [name, reinit.acknowledged_generation])
  t.deepEqual(Object.fromEntries(progress), { main: 1, second: 0 })
  t.like(await askForReinit(server, stage.agents[0]!, 1), notApplicable)
  const late = await listen(t, server, second)
  await until(() => late.events.length > 0)
})

test('a workspace whose agent is away when it is claimed announces the claim when the agent is back', async (t) => {
  const stage = await aStage(t)
  const { server } = stage
  const before = await listen(t, server, stage.agents[0]!)
  await woken(server, stage.workspaceId)
  before.hangUp()
  await until(() => before.ended)
  await claim(stage)
  await server.db.query(
    sql.unsafe`update daybreak.workspace_agents set disconnected_at = now() where deleted_at is null`,
  )
  const after = await listen(t, server, stage.agents[0]!)
  await until(() => after.events.length > 0)
  const { agent_id: id, stage: at } = await manifestOf(server, stage.agents[0]!)
  t.is(at, 'claim')
  t.false((await agentRow(server, { id })).away)
})

test('a workspace that is stopped ends the streams of its agents', async (t) => {
  const stage: Stage = await aStage(t)
  const heard = await listen(t, stage.server, stage.agents[0]!)
  await woken(stage.server, stage.workspaceId)
  await stage.server.db.query(sql.unsafe`update daybreak.workspace_agents set deleted_at = now()`)
  await woken(stage.server, stage.workspaceId)
  await until(() => heard.ended)
})
