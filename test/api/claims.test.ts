import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { insertPresetParameters } from '../../sql/presets.sql.ts'
import { lockPreset } from '../../sql/reconcile.sql.ts'
import { storeManifest } from '../../sql/templates.sql.ts'
import { ApiError, type Client } from '../../src/contract/client.ts'
import { invalidatePrebuilds } from '../../src/contract/templates.ts'
import { createMemberWorkspace, createWorkspace, listWorkspaces } from '../../src/contract/workspaces.ts'
import { TemplateManifest } from '../../src/domain/manifest.ts'
import { aReadyPrebuild, ownersOf, readyPrebuilds, type World } from '../support/factories.ts'
import { held } from '../support/held.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { anOrganization, aPerson, aWarmTemplate } from './people.ts'

type Body = z.input<(typeof createWorkspace)['body']>
type Asked = Partial<Body> & { user?: string; key?: string }

/** Asks for a workspace of the world's preset, unless told otherwise. */
async function ask(client: Client, world: World, { user = 'me', key, ...asked }: Asked = {}) {
  const usual = { name: 'mine', template_id: world.templateId, template_version_preset_id: world.presetId }
  const headers = key === undefined ? {} : { 'Idempotency-Key': key }
  return await client(createWorkspace, { params: { user }, body: { ...usual, ...asked }, headers })
}

async function refusal(asking: Promise<unknown>): Promise<ApiError> {
  const error = await asking.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof ApiError) return error
  throw new Error('the request was answered, or failed without an answer', { cause: error })
}

/** A server without workers: pools are rows, and nothing but requests changes them. */
async function aPool(t: Parameters<typeof startServer>[0], ready: number) {
  const server = await startServer(t, { role: 'api' })
  const world = await aWarmTemplate(server)
  return { server, world, prebuilds: await readyPrebuilds(server.db, world, ready) }
}

async function count(db: TestServer['db'], table: 'workspace_claims' | 'idempotency_keys'): Promise<number> {
  const name = sql.identifier(['daybreak', table])
  return (await db.one(sql.type(z.object({ rows: z.int() }))`select count(*)::int as rows from ${name}`)).rows
}

/** The person's request has reached the server: a key's first use is written down. */
async function arrived({ db }: TestServer, { id }: { id: string }): Promise<void> {
  const Used = z.object({ used: z.boolean() })
  await until(async () => {
    const { used } = await db.one(sql.type(Used)`
      select bool_or(last_used_at is not null) as used from daybreak.api_keys where user_id = ${id}`)
    return used
  })
}

test('of fifty people and ten prebuilds ten get one, and the others what they chose', async (t) => {
  const { server, world, prebuilds } = await aPool(t, 10)
  const choices = [...Array(20).fill('prefer'), ...Array(20).fill('require'), ...Array(10).fill('never')] as const
  const people = await Promise.all(choices.map(() => aPerson(server)))
  const asked = people.map(({ client }, i) => ask(client, world, { prebuild: choices[i] }))
  const answers = await Promise.allSettled(asked)
  const of = (choice: string) => answers.filter((_, i) => choices[i] === choice)
  const made = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? (answer.reason as ApiError) : []))
  const fromPool = made.filter(({ claim }) => claim.from_pool)
  t.deepEqual(fromPool.map(({ id }) => id).toSorted(), prebuilds.toSorted())
  t.is(of('prefer').filter(({ status }) => status === 'rejected').length, 0)
  t.is(of('never').filter(({ status }) => status === 'rejected').length, 0)
  t.is(made.length + refused.length, 50)
  for (const error of refused) {
    t.like(error, { status: 409, retryAfterSeconds: 2 })
    t.regex(error.message, /no prebuild of this preset was ready/)
  }
  const owners = await ownersOf(
    server.db,
    made.map(({ id }) => id),
  )
  for (const { id, owner_id } of made) t.is(owners.get(id), owner_id)
  const fresh = made.filter(({ claim }) => !claim.from_pool)
  t.is(fresh.length, 40 - refused.length)
  for (const { claim, latest_build: build } of fresh) {
    t.like(build, { status: 'pending', build_number: 1, template_version_preset_id: world.presetId })
    t.regex(claim.why_not!, /was ready|asked for a fresh build/)
  }
  t.is(await count(server.db, 'workspace_claims'), 10)
})

test('a request that may wait gets the prebuild that becomes ready meanwhile', async (t) => {
  const { server, world } = await aPool(t, 0)
  const person = await aPerson(server)
  const asking = ask(person.client, world, { prebuild: 'require', wait_ms: 20_000 })
  await arrived(server, person)
  const id = await aReadyPrebuild(server.db, world)
  t.like(await asking, { id, claim: { from_pool: true } })
})

test('a request that has waited long enough is answered without a prebuild', async (t) => {
  const { server, world } = await aPool(t, 0)
  const { claim } = await ask(server.client, world, { wait_ms: 250 })
  t.false(claim.from_pool)
  t.true(claim.waited_ms >= 100 && claim.waited_ms < 15_000, `${claim.waited_ms}`)
  t.is((await refusal(ask(server.client, world, { name: 'b', prebuild: 'require', wait_ms: 200 }))).status, 409)
  t.is((await refusal(ask(server.client, world, { name: 'c', wait_ms: 30_001 }))).status, 400)
})

test('a waiting request does not get what was invalidated while it waited', async (t) => {
  const { server, world, prebuilds } = await aPool(t, 1)
  const booting = sql.unsafe`update daybreak.prebuild_pool set state = 'booting', ready_at = null`
  await server.db.query(booting)
  const person = await aPerson(server)
  const asking = ask(person.client, world, { prebuild: 'require', wait_ms: 20_000 })
  await arrived(server, person)
  await server.client(invalidatePrebuilds, { params: { template: world.templateId } })
  await server.db.query(sql.unsafe`update daybreak.prebuild_pool set state = 'ready', ready_at = now()`)
  // Were the invalidated one claimable, it would be the first: it is the older of the two.
  const newer = await aReadyPrebuild(server.db, world)
  t.is((await asking).id, newer)
  t.not(newer, prebuilds[0])
})

test('a claim does not wait for a reconcile that holds its preset', async (t) => {
  const { server, world, prebuilds } = await aPool(t, 1)
  const reconcile = await held(server.db, (tx) => lockPreset(tx, { presetId: world.presetId }))
  t.like(await ask(server.client, world), { id: prebuilds[0], claim: { from_pool: true } })
  await reconcile.release()
})

test('an admin may claim for somebody else by name, and nobody else may', async (t) => {
  const { server, world } = await aPool(t, 3)
  const [person, other] = [await aPerson(server), await aPerson(server)]
  t.like(await ask(server.client, world, { user: person.username }), {
    owner_id: person.id,
    claim: { from_pool: true },
  })
  t.like(await ask(server.client, world, { user: other.id }), { owner_id: other.id, claim: { from_pool: true } })
  t.is((await refusal(ask(other.client, world, { user: person.username, name: 'x' }))).status, 404)
  t.is((await refusal(ask(server.client, world, { user: 'nobody', name: 'x' }))).status, 404)
  t.like(await ask(other.client, world, { user: other.username, name: 'own' }), { owner_name: other.username })
})

test('nobody makes prebuilds by hand, nor workspaces for people outside the organization', async (t) => {
  const { server, world } = await aPool(t, 1)
  t.is((await refusal(ask(server.client, world, { user: 'prebuilds' }))).status, 400)
  const stranger = await aPerson(server, { organizationId: await anOrganization(server) })
  t.is((await refusal(ask(server.client, world, { user: stranger.username }))).status, 400)
  t.is((await refusal(ask(stranger.client, world))).status, 400)
  const params = {
    user: 'me',
    organization: (
      await server.db.one(sql.type(z.object({ name: z.string() }))`
    select name from daybreak.organizations where not is_default`)
    ).name,
  }
  const body = { name: 'x', template_id: world.templateId }
  t.is((await refusal(server.client(createMemberWorkspace, { params, body }))).status, 400)
  const own = {
    params: { ...params, organization: 'default' },
    body: { ...body, template_version_preset_id: world.presetId },
  }
  t.true((await server.client(createMemberWorkspace, own)).claim.from_pool)
})

test('a value that a prebuild cannot have is built afresh, and the answer says which', async (t) => {
  const { server, world } = await aPool(t, 1)
  const parameters = [
    { name: 'region', default: 'eu', options: ['eu', 'us'].map((value) => ({ name: value, value })) },
    { name: 'size', default: 'small' },
  ]
  const manifest = TemplateManifest.parse({ agents: [{ name: 'main' }], parameters })
  await storeManifest(server.db, { id: world.versionId, manifest, readme: '' })
  await insertPresetParameters(server.db, { presetId: world.presetId, parameters: { size: 'large' } })
  const asking = (name: string, values: Record<string, string>) =>
    ask(server.client, world, {
      name,
      rich_parameter_values: Object.entries(values).map(([key, value]) => ({ name: key, value })),
    })
  const us = await asking('us', { region: 'us' })
  t.like(us.claim, { from_pool: false, why_not: 'a prebuild cannot honour the value asked for parameter region' })
  t.like(await refusal(asking('mars', { region: 'mars' })), {
    status: 400,
    body: { validations: [{ field: 'region' }] },
  })
  t.like(await refusal(asking('x', { colour: 'red' })), { status: 400, body: { validations: [{ field: 'colour' }] } })
  t.true((await asking('eu', { region: 'eu' })).claim.from_pool)
})

test('what cannot be built is refused before anything is touched', async (t) => {
  const { server, world } = await aPool(t, 1)
  const { client, db } = server
  const another = await aWarmTemplate(server)
  const nobodys = '00000000-0000-4000-8000-000000000000'
  const version = { template_version_id: world.versionId }
  for (const [asked, status, field] of [
    [{ template_version_preset_id: nobodys }, 400, 'template_version_preset_id'],
    [{ template_version_preset_id: another.presetId }, 422, 'template_version_preset_id'],
    [version, 400, 'template_id'],
    [{ template_id: undefined }, 400, 'template_id'],
    [{ template_id: nobodys }, 400, 'template_id'],
    [{ template_id: undefined, template_version_id: nobodys }, 400, 'template_id'],
    ...['', 'a b', '-a', 'a-', 'a--b', 'ä', 'a_b', 'a'.repeat(33), 'new', 'create'].map(
      (name) => [{ name }, 400, 'name'] as const,
    ),
  ] as const) {
    const { status: answered, body } = await refusal(ask(client, world, asked))
    t.is(answered, status, JSON.stringify(asked))
    t.is(body.validations?.[0]?.field, field, JSON.stringify(asked))
  }
  await db.query(sql.unsafe`update daybreak.templates set deprecated = 'use another' where id = ${another.templateId}`)
  t.like(await refusal(ask(client, another)), { status: 400, body: { detail: 'use another' } })
  t.is(await count(db, 'workspace_claims'), 0)
  t.true((await ask(client, world, { ...version, template_id: undefined, name: 'a'.repeat(32) })).claim.from_pool)
  t.is((await refusal(ask(client, world, { name: 'A'.repeat(32) }))).status, 409)
})

test('a repeated request has one answer on every server, with a prebuild and without', async (t) => {
  const { server, world } = await aPool(t, 3)
  const other = await startServer(t, { role: 'api', place: server.place })
  const repeat = async (asked: Asked) =>
    await Promise.all([server, other, server, other].map(({ client }) => ask(client, world, asked)))
  const claimed = await repeat({ name: 'warm', key: 'one' })
  const built = await repeat({ name: 'cold', key: 'two', prebuild: 'never' })
  for (const answers of [claimed, built]) {
    t.is(new Set(answers.map(({ id }) => id)).size, 1)
    t.is(new Set(answers.map(({ claim }) => claim.from_pool)).size, 1)
    for (const { claim } of answers) t.is(claim.preset, 'warm')
  }
  t.is(await count(server.db, 'workspace_claims'), 1)
  t.is((await server.client(listWorkspaces, { query: {} })).count, 2)
  t.is((await refusal(ask(other.client, world, { name: 'else', key: 'one' }))).status, 422)
  t.is((await refusal(ask(server.client, world, { name: 'x', key: 'k'.repeat(256) }))).status, 400)
  const person = await aPerson(server)
  t.not((await ask(person.client, world, { name: 'warm', key: 'one' })).id, claimed[0]!.id)
})

test('a repeat has the same answer although the template has changed since', async (t) => {
  const { server, world } = await aPool(t, 1)
  const first = await ask(server.client, world, { key: 'k' })
  await server.db.query(sql.unsafe`update daybreak.templates set deprecated = 'gone'`)
  const again = await ask(server.client, world, { key: 'k' })
  t.like(again, { id: first.id, claim: { from_pool: true, preset: 'warm' } })
})

test('a key of yesterday is a new request, with a prebuild and without', async (t) => {
  const { server, world } = await aPool(t, 2)
  const asked = [{ key: 'warm' }, { key: 'cold', prebuild: 'never' as const }]
  for (const each of asked) await ask(server.client, world, { ...each, name: each.key })
  const yesterday = sql.unsafe`
    update daybreak.idempotency_keys set created_at = created_at - interval '24 hours 1 second'`
  await server.db.query(yesterday)
  for (const each of asked) {
    const made = await ask(server.client, world, { ...each, name: `${each.key}-2` })
    t.like(made, { name: `${each.key}-2`, claim: { from_pool: each.key === 'warm' } })
    t.is((await ask(server.client, world, { ...each, name: `${each.key}-2` })).id, made.id)
  }
  t.is(await count(server.db, 'idempotency_keys'), 2)
})
