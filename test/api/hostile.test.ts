// Whatever is sent, the API answers it: with a refusal where it must, and never with an error of its own.
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { sql } from 'slonik'
import { z } from 'zod'
import { AgentLogLine, LifecycleReport, ReinitAck } from '../../src/contract/agentApi.ts'
import type { Method } from '../../src/contract/endpoint.ts'
import { uploadFile } from '../../src/contract/templates.ts'
import { createWorkspace } from '../../src/contract/workspaces.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { aFullWorld, contractEndpoints, existing, type FullWorld } from './everyRoute.ts'
import { changedTables, stateReader } from './databaseState.ts'
import {
  type Attack,
  attacksOn,
  everyEndpoint,
  fitting,
  HOSTILE_TEXTS,
  type JsonSchema,
  patient,
} from './hostileRequests.ts'
import { aPerson } from './people.ts'
import { sendRaw } from './rawRequest.ts'

const RUNS = 500
/** A machine that is busy with other suites tries fewer. */
const WITHIN_MS = 15_000

type Target = { method: Method; path: string; body: z.ZodType; token: string }
async function targetsOf(server: TestServer, world: FullWorld): Promise<Target[]> {
  const endpoints = (await contractEndpoints()).flatMap(({ body, method, path }) =>
    body ? [{ method, path: existing({ method, path }, world), body, token: server.token }] : [],
  )
  const me = '/workspaceagents/me'
  const lines = z.object({ log_source_id: z.guid(), logs: z.array(AgentLogLine) })
  const agents = [
    { method: 'POST' as const, path: `${me}/lifecycle`, body: LifecycleReport },
    { method: 'POST' as const, path: `${me}/reinit/ack`, body: ReinitAck },
    { method: 'POST' as const, path: `${me}/heartbeat`, body: z.object({ version: z.string().optional() }) },
    { method: 'PATCH' as const, path: `${me}/logs`, body: lines },
  ]
  return [...endpoints, ...agents.map((agent) => ({ ...agent, token: world.agentToken }))]
}

async function send({ url }: TestServer, { method, path, token }: Omit<Target, 'body'>, body?: string) {
  const headers = { 'coder-session-token': token, 'content-type': 'application/json' }
  const response = await fetch(`${url}/api/v2${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
  const text = await response.text()
  return { status: response.status, text }
}

test('no body makes an error of ours', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aFullWorld(server)
  const tar = { bytes: Buffer.alloc(1024), type: 'application/x-tar' }
  const known = {
    id: world.ids.templateversion,
    template_id: world.ids.template,
    template_version_id: world.ids.templateversion,
    template_version_preset_id: world.ids.preset,
    file_id: (await server.client.upload(uploadFile, tar)).hash,
    other: '00000000-0000-4000-8000-000000000000',
  }
  const requests = (await targetsOf(server, world)).map((target) => {
    const schema = z.toJSONSchema(target.body, { io: 'input', unrepresentable: 'any' }) as JsonSchema
    return fitting(schema, known).map((body) => ({ target, body: JSON.stringify(patient(body)) }))
  })
  const statuses = new Set<number>()
  await fc.assert(
    fc.asyncProperty(fc.oneof(...requests), async ({ target, body }) => {
      const { status, text } = await send(server, target, body)
      statuses.add(status)
      if (status >= 500) throw new Error(`${target.method} ${target.path} answered ${status}: ${text}`)
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: WITHIN_MS, verbose: 1 },
  )
  for (const status of [200, 201, 204, 400, 404]) t.true(statuses.has(status), `${status} was never answered`)
})

test('no path and no query makes an error of ours', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aFullWorld(server)
  let asked = 0
  for (const { method, path, params, query } of await contractEndpoints()) {
    if (method !== 'GET') continue
    const places = Object.keys(params?.shape ?? {}).flatMap((name) =>
      HOSTILE_TEXTS.map((text) => path.replace(`:${name}`, text)),
    )
    const names = Object.keys(query?.shape ?? {})
    const queries = names.flatMap((name) => HOSTILE_TEXTS.map((text) => `${path}?${name}=${text}`))
    const numbers = names.map((name) => `${path}?${name}=9007199254740991&${name}x=1`)
    for (const place of [...places, ...queries, ...numbers]) {
      const { status, text } = await send(server, {
        method,
        path: existing({ method, path: place }, world),
        token: server.token,
      })
      t.true(status < 500, `${place} was answered ${status}: ${text}`)
      asked++
    }
  }
  t.true(asked > 200)
})

test('json as deep and as wide as its limit allows is only a wrong body', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const path = '/users/me/workspaces'
  const target = { method: 'POST' as const, path, token: server.token }
  const levels = 250_000
  const wide = Array.from({ length: 60_000 }, (_, i) => `"k${i}":1`).join()
  for (const body of [
    '['.repeat(levels) + ']'.repeat(levels),
    `{"name":${'['.repeat(levels)}${']'.repeat(levels)}}`,
    `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    `{"rich_parameter_values":[${'{},'.repeat(200_000)}{}]}`,
    `{${wide}}`,
    '{"__proto__":{"name":"x"},"constructor":{"prototype":{}}}',
  ]) {
    t.is((await send(server, target, body)).status, 400)
  }
})

test('text that cannot be stored is refused, and says in which field it is', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { ids } = await aFullWorld(server)
  const refused = async (path: string, body: unknown) => {
    const { status, text } = await send(server, { method: 'POST', path, token: server.token }, JSON.stringify(body))
    const { validations } = JSON.parse(text) as { validations: { field: string }[] }
    return { status, fields: validations.map(({ field }) => field) }
  }
  for (const odd of ['a\0b', '\ud800']) {
    const version = { file_id: ids.preset, name: odd, message: odd, tags: { [odd]: odd } }
    const all = await refused('/organizations/default/templateversions', version)
    t.is(all.status, 400)
    t.true(
      ['name', 'message', 'tags'].every((field) => all.fields.includes(field)),
      all.fields.join(),
    )
    const values = [{ name: 'x', value: odd }]
    const made = await refused('/users/me/workspaces', {
      name: 'x',
      template_id: ids.template,
      rich_parameter_values: values,
    })
    t.deepEqual(made, { status: 400, fields: ['rich_parameter_values.0.value'] })
  }
})

test('a member who sends the wildest query sees no more than before', async (t) => {
  const server = await startServer(t, { role: 'api' })
  await aFullWorld(server)
  const { client, token } = await aPerson(server)
  const body = { name: 'own', template_id: '00000000-0000-4000-8000-000000000000' }
  await t.throwsAsync(client(createWorkspace, { params: { user: 'me' }, body }))
  for (const q of [
    'owner:admin',
    'name:treasure',
    'admin/treasure',
    'owner:prebuilds',
    'owner:%',
    '%',
    "' or 1=1 --",
    'template:%',
  ]) {
    const { status, text } = await send(server, {
      method: 'GET',
      path: `/workspaces?q=${encodeURIComponent(q)}`,
      token,
    })
    t.is(status, 200, q)
    t.deepEqual(JSON.parse(text), { workspaces: [], count: 0 }, q)
  }
})

/** So many are sent before it is looked whether they changed anything. */
const BATCH = 12
/** Each signs out once. */
const LEAVERS = 200
/** Who is told that no prebuild was ready has still missed one: that is written down for whoever keeps the pool. */
const MISSED = { path: /\/workspaces$/, table: 'prebuild_events' }

async function hostileWorld(t: ExecutionContext) {
  const server = await startServer(t, { role: 'api' })
  const world = await aFullWorld(server)
  const member = await aPerson(server)
  const leavers: string[] = []
  while (leavers.length < LEAVERS) leavers.push((await aPerson(server)).token)
  const tar = { bytes: Buffer.alloc(1024), type: 'application/x-tar' }
  const known = {
    id: world.ids.templateversion,
    template_id: world.ids.template,
    template_version_id: world.ids.templateversion,
    template_version_preset_id: world.ids.preset,
    file_id: (await server.client.upload(uploadFile, tar)).hash,
    other: '00000000-0000-4000-8000-000000000000',
  }
  // Else the first request of each minute writes down that its key was used.
  await server.db.query(sql.unsafe`update daybreak.api_keys set last_used_at = now() + interval '1 hour'`)
  const tokens = { owner: server.token, member: member.token, agent: world.agentToken }
  const answers = { requests: 0, byStatus: new Map<number, number>(), slowestMs: 0 }
  const shoot = async ({ as, headers, ...attack }: Attack): Promise<number> => {
    const sent = performance.now()
    // The way out ends the session of whoever goes.
    const token = attack.path.startsWith('/users/logout') ? (leavers.pop() ?? '') : tokens[as]
    const { status, text } = await sendRaw(server.url, {
      ...attack,
      headers: [...headers, ['coder-session-token', token]],
    })
    answers.requests++
    answers.byStatus.set(status, (answers.byStatus.get(status) ?? 0) + 1)
    answers.slowestMs = Math.max(answers.slowestMs, Math.round(performance.now() - sent))
    if (status >= 500 || status < 200)
      throw new Error(`${attack.method} ${attack.path.slice(0, 200)}: ${status} ${text}`)
    return status
  }
  return { server, world, known, shoot, answers }
}

test('every endpoint answers whatever is sent to it, and a refusal changes nothing', async (t) => {
  t.timeout(180_000)
  const { server, world, known, shoot, answers } = await hostileWorld(t)
  const read = await stateReader(server.db)
  const seed = Date.now() % 2 ** 31
  const endpoints = await everyEndpoint()
  let [compared, silent] = [0, 0]
  for (const { endpoint, as } of endpoints) {
    const attacks = attacksOn({ endpoint, as, world, known, seed })
    for (let at = 0; at < attacks.length; at += BATCH) {
      let batch = attacks.slice(at, at + BATCH)
      // What was not refused is left out the next time, until only refusals are left.
      for (let attempt = 0; batch.length > 0; attempt++) {
        const before = await read()
        const statuses = await Promise.all(batch.map(shoot))
        const refused = batch.filter((_, i) => statuses[i]! >= 400)
        const changed = changedTables(before, await read()).filter(
          (table) => !(table === MISSED.table && MISSED.path.test(endpoint.path)),
        )
        if (changed.length === 0 || (refused.length === batch.length && attempt > 3)) {
          const asked = `${endpoint.method} ${endpoint.path}`
          const what = `${asked} was refused (seed ${seed}), yet changed ${changed.join(', ')}`
          t.deepEqual(changed, [], what)
          compared += refused.length
          break
        }
        // Heartbeats that were accepted are written a moment later.
        if (refused.length === batch.length) await sleep(500)
        batch = refused
      }
    }
    if (attacks.length === 0) silent++
  }
  const statuses = [...answers.byStatus].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  t.log(`${answers.requests} requests to ${endpoints.length} endpoints, seed ${seed}; slowest ${answers.slowestMs} ms`)
  t.log(`answered ${statuses.join(', ')}`)
  t.log(`${compared} refusals compared with the state of all tables before them`)
  t.is(silent, 0)
  t.true(compared > endpoints.length * 20)
})
