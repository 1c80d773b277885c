// Whatever is sent, the API answers it: with a refusal where it must, and never with an error of its own.
import test from 'ava'
import fc from 'fast-check'
import { z } from 'zod'
import { AgentLogLine, LifecycleReport, ReinitAck } from '../../src/contract/agentApi.ts'
import type { Method } from '../../src/contract/endpoint.ts'
import { uploadFile } from '../../src/contract/templates.ts'
import { createWorkspace } from '../../src/contract/workspaces.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { aFullWorld, contractEndpoints, existing, type FullWorld } from './everyRoute.ts'
import { aPerson } from './people.ts'

const RUNS = 500
/** A machine that is busy with other suites tries fewer. */
const WITHIN_MS = 15_000

type Target = { method: Method; path: string; body: z.ZodType; token: string }
type JsonSchema = {
  type?: string
  format?: string
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  required?: string[]
}

const ODD = [
  '',
  '\0',
  'a\0b',
  '\ud800',
  'a\udfff',
  '\u202e',
  '😀',
  'x'.repeat(70_000),
  '__proto__',
  'constructor',
  '%',
  "'; --",
]
const CENTURIES = { min: new Date('1960-01-01'), max: new Date('3010-01-01'), noInvalidDate: true }
const deep = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown
const ANYTHING = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 1e30, 2 ** 53, 0.5, [], {}, deep(500), ...ODD),
  fc.string({ unit: 'binary' }),
  fc.jsonValue({ maxDepth: 3 }),
)

type Known = Readonly<Record<string, string>>

/** Values that mostly fit, so that they get past the first check: ids are those of the field's name, or another's. */
function fitting(schema: JsonSchema, known: Known, name = ''): fc.Arbitrary<unknown> {
  const fits = (): fc.Arbitrary<unknown> => {
    if (schema.const !== undefined) return fc.constant(schema.const)
    if (schema.enum) return fc.constantFrom(...schema.enum)
    if (schema.format === 'uuid' || schema.format === 'guid') {
      const usual = { weight: 8, arbitrary: fc.constant(known[name] ?? known.other) }
      return fc.oneof(usual, { weight: 1, arbitrary: fc.constantFrom(...Object.values(known)) })
    }
    if (name.endsWith('_at')) return fc.date(CENTURIES).map((at) => at.toISOString())
    if (schema.type === 'integer') return fc.oneof(fc.nat(3), fc.integer(), fc.maxSafeInteger())
    if (schema.type === 'array') return fc.array(fitting(schema.items ?? {}, known), { maxLength: 1 })
    if (schema.properties) return anObject(schema, known)
    if (schema.type === 'object') return fc.dictionary(fc.string({ unit: 'binary' }), fc.string())
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,15}$/)
    const odd = fc.oneof(fc.constantFrom(...ODD), fc.string({ unit: 'binary' }))
    return fc.oneof({ weight: 4, arbitrary: word }, { weight: 1, arbitrary: odd })
  }
  return fc.oneof({ weight: 20, arbitrary: fits() }, { weight: 1, arbitrary: ANYTHING })
}

function anObject({ properties = {}, required = [] }: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  const model = Object.entries(properties).map(([name, inner]) => [name, fitting(inner, known, name)] as const)
  return fc.record(Object.fromEntries(model), { requiredKeys: [...required] })
}

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

/** Nobody here has the time that `wait_ms` allows. */
function impatient(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'wait_ms' in body ? { ...body, wait_ms: 0 } : body
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
    return fitting(schema, known).map((body) => ({ target, body: JSON.stringify(impatient(body)) }))
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
  const texts = [
    '%00',
    'a%00b',
    '%ff',
    '%',
    '%ed%a0%80',
    '..%2f..',
    'x'.repeat(4000),
    '%F0%9F%98%80',
    '__proto__',
    '0',
    '%25',
  ]
  let asked = 0
  for (const { method, path, params, query } of await contractEndpoints()) {
    if (method !== 'GET') continue
    const places = Object.keys(params?.shape ?? {}).flatMap((name) =>
      texts.map((text) => path.replace(`:${name}`, text)),
    )
    const names = Object.keys(query?.shape ?? {})
    const queries = names.flatMap((name) => texts.map((text) => `${path}?${name}=${text}`))
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
