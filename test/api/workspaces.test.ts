import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { ApiError, type Client } from '../../src/contract/client.ts'
import { listPrebuildPools, type PrebuildPool } from '../../src/contract/prebuilds.ts'
import {
  createWorkspace,
  createWorkspaceBuild,
  getWorkspace,
  getWorkspaceByName,
  listWorkspaces,
  type Workspace,
} from '../../src/contract/workspaces.ts'
import { pushTemplate, startServer } from '../support/server.ts'
import { until } from '../support/until.ts'

const me = { user: 'me' }
const poolIs = (client: Client, accept: (pool: PrebuildPool) => boolean) =>
  until(
    () => client(listPrebuildPools, {}),
    ([pool]) => pool !== undefined && accept(pool),
  )
const full = (pool: PrebuildPool) => pool.ready === pool.desired && pool.starting === 0
const agentOf = (workspace: Workspace) => workspace.latest_build.resources[0]?.agents?.[0]
const workspaceIs = (client: Client, id: string, accept: (workspace: Workspace) => unknown) =>
  until(() => client(getWorkspace, { params: { workspace: id }, query: { include_deleted: 'true' } }), accept)
const handedOver = (workspace: Workspace) =>
  agentOf(workspace)?.reinit.acknowledged_generation === 1 && agentOf(workspace)?.lifecycle_state === 'ready'

test('a pool fills, a claim hands one over, its agent learns of the owner, and the pool refills', async (t) => {
  const { client, home } = await startServer(t)
  const { template, presets } = await pushTemplate(client)
  await poolIs(client, full)
  const body = { name: 'mine', template_id: template.id, template_version_preset_id: presets[0]!.ID }
  const claimed = await client(createWorkspace, { params: me, body })
  t.like(claimed.claim, { from_pool: true, preset: 'warm' })
  t.like(claimed, { name: 'mine', owner_name: 'admin', is_prebuild: false })
  t.is(claimed.latest_build.status, 'running')
  await workspaceIs(client, claimed.id, handedOver)
  const folder = path.join(home, 'workspaces', claimed.id)
  t.is(fs.readFileSync(path.join(folder, 'owners.txt'), 'utf8'), 'prebuilds prebuild\nadmin claim\n')
  await poolIs(client, full)
  t.is((await client(getWorkspaceByName, { params: { user: 'me', name: 'mine' } })).id, claimed.id)
})

test('the same request with an idempotency key answers the same workspace; another body is refused', async (t) => {
  const { client } = await startServer(t)
  const { template, presets } = await pushTemplate(client)
  await poolIs(client, full)
  const body = { name: 'once', template_id: template.id, template_version_preset_id: presets[0]!.ID }
  const headers = { 'Idempotency-Key': 'k1' }
  const answers = await Promise.all([1, 2, 3, 4].map(() => client(createWorkspace, { params: me, body, headers })))
  t.is(new Set(answers.map(({ id }) => id)).size, 1)
  const other = client(createWorkspace, { params: me, body: { ...body, name: 'twice' }, headers })
  t.is((await t.throwsAsync<ApiError>(other, { instanceOf: ApiError })).status, 422)
})

test('with an empty pool the request says what happens: a fresh build, or a refusal with Retry-After', async (t) => {
  const { client } = await startServer(t)
  const { template, presets } = await pushTemplate(client, emptyPool)
  const body = { name: 'fresh', template_id: template.id, template_version_preset_id: presets[0]!.ID }
  const refused = client(createWorkspace, { params: me, body: { ...body, prebuild: 'require' as const } })
  const error = await t.throwsAsync<ApiError>(refused, { instanceOf: ApiError })
  t.is(error.status, 409)
  t.is(error.retryAfterSeconds, 2)
  const fresh = await client(createWorkspace, { params: me, body })
  t.like(fresh.claim, { from_pool: false, why_not: 'no prebuild of this preset was ready' })
  const running = await workspaceIs(client, fresh.id, (workspace) => agentOf(workspace)?.lifecycle_state === 'ready')
  t.is(running.latest_build.build_number, 1)
  const never = { ...body, name: 'cold', prebuild: 'never' as const }
  t.like((await client(createWorkspace, { params: me, body: never })).claim, {
    why_not: 'the request asked for a fresh build',
  })
  const taken = client(createWorkspace, { params: me, body })
  t.like(await t.throwsAsync<ApiError>(taken), { status: 409, body: { validations: [{ field: 'name' }] } })
})

const emptyPool = `
presets: [{ name: cold, prebuilds: { instances: 0 } }]
agents: [{ name: main }]
`

test('a workspace is stopped, started and deleted, and its directory goes with it', async (t) => {
  const { client, home } = await startServer(t)
  const { template } = await pushTemplate(client, emptyPool)
  const made = await client(createWorkspace, { params: me, body: { name: 'w', template_id: template.id } })
  const params = { workspace: made.id }
  const order = (transition: 'start' | 'stop' | 'delete') =>
    client(createWorkspaceBuild, { params, body: { transition } })
  await workspaceIs(client, made.id, (workspace) => agentOf(workspace)?.lifecycle_state === 'ready')
  await order('stop')
  t.like(await t.throwsAsync<ApiError>(order('start')), { status: 409 })
  await workspaceIs(client, made.id, ({ latest_build }) => latest_build.status === 'stopped')
  await order('start')
  await workspaceIs(client, made.id, (workspace) => agentOf(workspace)?.lifecycle_state === 'ready')
  const folder = path.join(home, 'workspaces', made.id)
  t.true(fs.existsSync(folder))
  await order('delete')
  await workspaceIs(client, made.id, ({ latest_build }) => latest_build.status === 'deleted')
  t.false(fs.existsSync(folder))
  t.like(await t.throwsAsync<ApiError>(client(getWorkspace, { params, query: {} })), { status: 410 })
  t.like(await client(listWorkspaces, { query: {} }), { workspaces: [], count: 0 })
})

test('an agent killed with -9 leaves the pool at once and its prebuild comes back by itself', async (t) => {
  const { client, db, home } = await startServer(t)
  await pushTemplate(client)
  await poolIs(client, full)
  const [state] = fs.readdirSync(path.join(home, 'process')).map((file) => readState(path.join(home, 'process', file)))
  process.kill(state!.agents[0]!.process.pid, 'SIGKILL')
  await poolIs(client, ({ ready }) => ready === 1)
  await poolIs(client, full)
  const { lost } = await db.one(sql.type(z.object({ lost: z.int() }))`
    select count(*)::int as lost from daybreak.prebuild_events where kind = 'lost'
        and workspace_id = ${state!.workspaceId}`)
  t.is(lost, 1)
})

const State = z.object({
  workspaceId: z.guid(),
  agents: z.array(z.object({ process: z.object({ pid: z.int() }) })),
})
const readState = (file: string) => State.parse(JSON.parse(fs.readFileSync(file, 'utf8')))

test('an agent that goes away while it is claimed learns of its owner when it comes back', async (t) => {
  const { client, home } = await startServer(t)
  const { template, presets } = await pushTemplate(client)
  await poolIs(client, full)
  const states = fs.readdirSync(path.join(home, 'process')).map((file) => readState(path.join(home, 'process', file)))
  for (const { agents } of states) process.kill(agents[0]!.process.pid, 'SIGSTOP')
  const body = { name: 'mine', template_id: template.id, template_version_preset_id: presets[0]!.ID }
  const claimed = await client(createWorkspace, { params: me, body })
  t.true(claimed.claim.from_pool)
  const { pid } = states.find(({ workspaceId }) => workspaceId === claimed.id)!.agents[0]!.process
  for (const { agents } of states)
    process.kill(agents[0]!.process.pid, agents[0]!.process.pid === pid ? 'SIGKILL' : 'SIGCONT')
  await workspaceIs(client, claimed.id, handedOver)
  const owners = fs.readFileSync(path.join(home, 'workspaces', claimed.id, 'owners.txt'), 'utf8')
  t.is(owners.trim().split('\n').at(-1), 'admin claim')
})
