import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { type AuditEntry, audit, differences } from '../../src/api/audit.ts'
import { parseAuditQuery } from '../../src/api/audit/query.ts'
import { MAX_SIDE, redact, REDACTED } from '../../src/api/audit/redact.ts'
import { listAuditLogs } from '../../src/contract/audit.ts'
import { ApiError, type Client } from '../../src/contract/client.ts'
import { createWorkspace } from '../../src/contract/workspaces.ts'
import { Refusal } from '../../src/domain/errors.ts'
import { hashSecret } from '../../src/secrets.ts'
import { aReadyPrebuild } from '../support/factories.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { CASES, NO_CHANGE, send, type Walk } from './auditCases.ts'
import { aFullWorld, contractEndpoints, existing, mountedRoutes } from './everyRoute.ts'
import { anOrganization, aPerson, aWarmTemplate } from './people.ts'

const Row = z.object({ action: z.string(), targetType: z.string(), actorId: z.guid().nullable(), text: z.string() })

/** Oldest first, each with all that is in it as text. */
async function rowsOf({ db }: Pick<TestServer, 'db'>) {
  return await db.any(sql.type(Row)`
    select action, target_type, actor_id, row_to_json(l)::text as text from daybreak.audit_log l order by id`)
}

function changing(server: TestServer) {
  const routes = mountedRoutes(server).filter(({ method }) => method !== 'GET')
  return routes.map((route) => ({ ...route, key: `${route.method} ${route.path}` }))
}

function summary({ action, targetType }: z.infer<typeof Row>): string {
  return `${action} ${targetType}`
}

async function aWalk(server: TestServer): Promise<Walk> {
  const world = await aFullWorld(server)
  return { server, world, presetId: world.ids.preset, secrets: [server.token, world.agentToken] }
}

test('every route that changes something has its case here, or a reason to have none', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const missing = changing(server).filter(({ key }) => !CASES[key] && !NO_CHANGE[key])
  t.deepEqual(
    missing.map(({ key }) => key),
    [],
    'Write it into test/api/auditCases.ts:',
  )
})

test('each change has one row, with who and from where, and no secret is in any', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const walk = await aWalk(server)
  const wrong: string[] = []
  for (const { key, method } of changing(server)) {
    const made = await CASES[key]?.(walk)
    if (!made) continue
    const { action, target, ...sent } = made
    const before = (await rowsOf(server)).length
    const { status, text, json } = await send(server, { method, ...sent })
    for (const secret of [json.session_token, json.key, sent.token]) if (secret) walk.secrets.push(secret)
    // What the system does meanwhile by itself is not the walker's.
    const rows = (await rowsOf(server)).slice(before).filter((row) => row.text.includes('walker/1.0'))
    if (status >= 300) wrong.push(`${key}: ${status} ${text}`)
    if (!isDeepStrictEqual(rows.map(summary), [`${action} ${target}`])) {
      wrong.push(`${key}: ${rows.map(summary).join(', ') || 'no row'}, not ${action} ${target}`)
    }
    for (const row of rows) {
      if (!row.text.includes('"address":"127.0.0.1"')) wrong.push(`${key}: from nowhere`)
      if (!row.text.includes('"request_id":"walk-0123456789"')) wrong.push(`${key}: in no request`)
      if (sent.token === undefined && row.actorId !== server.admin.id) wrong.push(`${key}: not by who did it`)
    }
  }
  t.deepEqual(wrong, [])
  const all = (await rowsOf(server)).map(({ text }) => text).join('\n')
  for (const secret of walk.secrets) {
    t.false(all.includes(secret), 'a secret is in the log')
    for (const part of secret.split('-').slice(1)) t.false(part.length >= 22 && all.includes(part))
    t.false(all.includes(hashSecret(secret).toString('hex')), 'the hash of a secret is in the log')
  }
})

test('what is refused leaves no row', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { world } = await aWalk(server)
  const organizationId = await anOrganization(server)
  const endpoints = await contractEndpoints()
  const before = (await rowsOf(server)).length
  let tried = 0
  for (const { key, ...route } of changing(server)) {
    if (NO_CHANGE[key] || key === 'POST /users/logout') continue // of his own session everybody may
    const asked = { method: route.method, path: existing(route, world) }
    const { token } = await aPerson(server, { organizationId })
    const hasBody = endpoints.some((one) => one.body && one.method === route.method && one.path === route.path)
    for (const sent of [{ token: '' }, { token }, ...(hasBody ? [{ body: [] }] : [])]) {
      const { status } = await send(server, { ...asked, ...sent })
      t.true(status >= 400 && status < 500, `${key}: ${status}`)
      t.is((await rowsOf(server)).length, before, key)
      tried++
    }
  }
  t.true(tried > 20)
})

test('a change that is rolled back leaves no row', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const walk = await aWalk(server)
  const first = await CASES['POST /organizations/:organization/templates']!(walk)
  t.is((await send(server, { ...first, method: 'POST' })).status, 201)
  const before = (await rowsOf(server)).length
  const again = { ...first, method: 'POST', body: { ...(first.body as object), name: 'again' } }
  t.is((await send(server, again)).status, 400, 'the version belongs to a template now')
  t.is((await rowsOf(server)).length, before)
  const bytes = { ...(await CASES['POST /files']!(walk)), method: 'POST' }
  t.is((await send(server, bytes)).status, 201)
  t.is((await send(server, bytes)).status, 200)
  t.is((await rowsOf(server)).length, before + 1, 'the same bytes again are no change')
})

test('a claim says whose it became, as part of the claim; a repeat and a miss say nothing', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aWarmTemplate(server)
  await aReadyPrebuild(server.db, world)
  const ana = await aPerson(server)
  const body = { name: 'mine', template_id: world.templateId, template_version_preset_id: world.presetId }
  const asked = { params: { user: 'me' }, body, headers: { 'Idempotency-Key': 'k', 'user-agent': 'claimer' } }
  const workspace = await ana.client(createWorkspace, asked)
  await ana.client(createWorkspace, asked)
  const other = { ...body, name: 'other', prebuild: 'require' as const }
  await t.throwsAsync(ana.client(createWorkspace, { params: { user: 'me' }, body: other }), { instanceOf: ApiError })
  const { audit_logs: logs, count } = await read(server.client, `resource_id:${workspace.id}`)
  t.is(count, 1)
  t.is((await rowsOf(server)).filter(({ action }) => action === 'claim').length, 1)
  t.like(logs[0], {
    action: 'claim',
    resource_type: 'workspace',
    resource_target: 'mine',
    user: { id: ana.id, username: ana.username },
    organization: { id: world.organizationId },
    ip: '127.0.0.1',
    user_agent: 'claimer',
    diff: { owner_id: { new: ana.id }, preset_id: { old: null, new: world.presetId, secret: false } },
  })
  t.regex(String(logs[0]!.diff.name?.old), /^prebuild-/)
})

async function read(client: Client, q = '', page: { limit?: number; offset?: number; after_id?: string } = {}) {
  return await client(listAuditLogs, { query: { q, ...page } })
}

/** Rows without a request behind them, named a, b, c … */
async function someRows({ db }: TestServer, entries: readonly Partial<AuditEntry & { actorId: string }>[]) {
  for (const [i, { actorId, ...entry }] of entries.entries()) {
    const target = { type: 'thing', id: randomUUID(), name: String.fromCharCode(97 + i) }
    const actor = actorId === undefined ? null : { id: actorId }
    await audit(db, { actor }, { action: 'write', target, ...entry })
  }
}
const names = ({ audit_logs: logs }: { audit_logs: { resource_target: string }[] }) =>
  logs.map((log) => log.resource_target).join('')

test('the search finds by who, what, where and when; unknown words are refused', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const ana = await aPerson(server)
  const organizationId = await anOrganization(server)
  const id = randomUUID()
  await someRows(server, [
    { actorId: ana.id },
    { action: 'delete' },
    { target: { type: 'template', id, name: 'Us-Nix' } },
    { organizationId },
  ])
  const find = async (q: string) => names(await read(server.client, q))
  t.is(await find(''), 'dUs-Nixba')
  t.is(await find(`actor:${ana.username}`), 'a')
  t.is(await find(`actor:${ana.id} action:write`), 'a')
  t.is(await find('actor:me'), '')
  t.is(await find('actor:nobody'), '')
  t.is(await find('action:delete'), 'b')
  t.is(await find('resource_type:template resource_target:us-nix'), 'Us-Nix')
  t.is(await find(`resource_id:${id.toUpperCase()}`), 'Us-Nix')
  t.is(await find(`organization:${organizationId}`), 'd')
  t.is(await find('organization:default'), '')
  t.is(await find('request_id:"no such"'), '')
  t.is(await find('date_from:2020-01-01 action:delete'), 'b')
  t.is(await find('date_to:2020-01-01T00:00:00+02:00'), '')
  const wrong = ['colour:red', 'web', 'action:fly', 'date_from:soon', 'date_to:2026-02-30', 'actor:a actor:b', '"']
  for (const q of wrong) {
    const error = await t.throwsAsync(read(server.client, q), { instanceOf: ApiError })
    t.like(error, { status: 400, message: 'Invalid audit search query.' }, q)
  }
})

test('a day that ends a search is part of it, and so is an instant', (t) => {
  const to = (q: string) => parseAuditQuery(q).date_to?.toISOString()
  t.is(to('date_to:2026-03-04'), '2026-03-05T00:00:00.000Z')
  t.is(to('date_to:2026-03-04T10:00:00Z'), '2026-03-04T10:00:00.001Z')
  t.throws(() => parseAuditQuery('constructor:x'), { instanceOf: Refusal })
})

test('pages by the last id do not move while lines are written', async (t) => {
  const server = await startServer(t, { role: 'api' })
  await someRows(server, [{}, {}, {}, {}, {}])
  const first = await read(server.client, '', { limit: 2 })
  t.deepEqual([names(first), first.count], ['ed', 5])
  await someRows(server, [{}])
  const second = await read(server.client, '', { limit: 2, after_id: first.audit_logs[1]!.id })
  t.deepEqual([names(second), second.count], ['cb', 6])
  t.is(names(await read(server.client, '', { limit: 2, offset: 1 })), 'ed')
})

test('owners and auditors read all, auditors of an organization its lines, and others nothing', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const [here, there] = [await anOrganization(server), await anOrganization(server)]
  await someRows(server, [{ organizationId: here }, { organizationId: there }, {}])
  t.is(names(await read(server.client)), 'cba')
  t.is(names(await read((await aPerson(server, { roles: ['auditor'] })).client)), 'cba')
  const auditor = await aPerson(server, { organizationId: here })
  await server.db.query(sql.unsafe`
    update daybreak.organization_members set roles = '{organization-auditor}' where user_id = ${auditor.id}`)
  const own = await read(auditor.client)
  t.deepEqual([names(own), own.count], ['a', 1])
  t.is(names(await read(auditor.client, `organization:${there}`)), '')
  for (const roles of [[], ['template-admin'], ['user-admin']]) {
    const { client } = await aPerson(server, { roles })
    t.like(await t.throwsAsync(read(client), { instanceOf: ApiError }), { status: 403 }, roles.join())
  }
})

test('secrets are hidden by their names, by the type of their target and by their looks, however deep', (t) => {
  const token = `${'a'.repeat(10)}-${'b'.repeat(22)}`
  const hide = (type: string, values: Parameters<typeof redact>[1]) => JSON.stringify(redact(type, values))
  const secret = 'treasure'
  for (const name of ['password', 'clientSecret', 'Session-Token', 'key', 'api_key', 'hashedSecret', 'apiKey']) {
    const text = hide('user', { a: { b: [{ [name]: secret }] }, [name]: { deep: secret } })
    t.false(text.includes(secret), name)
    t.true(text.includes(REDACTED), name)
  }
  t.false(hide('workspace', { parameters: { a: secret } }).includes(secret))
  t.true(hide('template', { parameters: { a: secret } }).includes(secret))
  for (const text of [token, `https://ana:${secret}@example.com`, `Bearer ${secret}s`]) {
    t.false(hide('user', { name: `x ${text} y` }).includes(text), text)
  }
  t.deepEqual(redact('user', { token_name: 'ci', has_password: true, preset_key: 'warm', monkey: 'x' }), {
    token_name: 'ci',
    has_password: true,
    preset_key: 'warm',
    monkey: 'x',
  })
  t.deepEqual(differences({ password: 'a', name: 'n' }, { password: 'b', name: 'n' }), {
    before: { password: 'a' },
    after: { password: 'b' },
  })
})

test('no text takes long to search for secrets, and none is shown in half', (t) => {
  for (const part of ['a', 'eyJ-aaaaaaaa.', 'http://a:', '-----BEGIN PRIVATE KEY-----', 'bearer ', '0123456789-']) {
    const startedMs = performance.now()
    const text = JSON.stringify(redact('user', { name: part.repeat(1_000_000 / part.length) }))
    t.true(performance.now() - startedMs < 5000, part)
    t.true(text.length < 1200 && text.includes('[cut: '), part)
  }
  const token = `${'a'.repeat(10)}-${'b'.repeat(22)}`
  const edge = JSON.stringify(redact('user', { name: `${'x '.repeat(490)}${token} ${'y'.repeat(5000)}` }))
  t.false(edge.includes('aaaaaaaaaa'))
})

test('a side is bounded, and says where it was cut', (t) => {
  const sizeOf = (values: Parameters<typeof redact>[1]) => JSON.stringify(redact('user', values)).length
  const long = redact('user', { name: 'x'.repeat(5000) }).name as string
  t.regex(long, /^x{1000}… \[cut: 5000 characters\]$/)
  const list = redact('user', { list: Array.from({ length: 150 }, (_, i) => i) }).list as unknown[]
  t.deepEqual([list.length, list.at(-1)], [101, '[cut: 50 more]'])
  let deep: Parameters<typeof redact>[1] = { end: 'here' }
  for (let i = 0; i < 5000; i++) deep = { deep }
  t.regex(JSON.stringify(redact('user', deep)), /\[cut: nested too deeply\]/)
  const wide = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`f${i}`, 'y'.repeat(900)]))
  t.true(sizeOf(wide) <= MAX_SIDE)
  t.regex(JSON.stringify(redact('user', wide)), /\[cut: 902 characters\]/)
})

test('what no database stores makes no change fail', async (t: ExecutionContext) => {
  const server = await startServer(t, { role: 'api' })
  const odd = { name: 'a\0b', '\ud800': '\udfff' }
  const request = { ip: 'fe80::1%eth0', get: () => 'agent\0', res: { locals: { requestId: 'id-1' } } }
  const who = { actor: null, request: request as unknown as NonNullable<Parameters<typeof audit>[1]['request']> }
  const target = { type: 'x', id: '1', name: '\0' }
  await audit(server.db, who, { action: 'write', target, after: odd })
  await audit(
    server.db,
    { ...who, request: { ...request, ip: 'unknown' } as unknown as typeof who.request },
    { action: 'write', target },
  )
  const [last, first] = (await read(server.client, 'request_id:id-1')).audit_logs
  t.deepEqual([first?.ip, last?.ip, first?.user], ['fe80::1', '', null])
})
