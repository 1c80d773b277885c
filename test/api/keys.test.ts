import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { insertApiKey } from '../../sql/identity.sql.ts'
import { ApiError, createClient } from '../../src/contract/client.ts'
import {
  createSessionKey,
  createToken,
  DEFAULT_TOKEN_SECONDS,
  deleteKey,
  getKey,
  listTokens,
  MAX_TOKEN_SECONDS,
} from '../../src/contract/keys.ts'
import { getUser, listUsers } from '../../src/contract/users.ts'
import { hashSecret, newApiKey } from '../../src/secrets.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { aPerson, type Person } from './people.ts'

const me = { user: 'me' }

async function setup(t: ExecutionContext) {
  const server = await startServer(t, { role: 'api' })
  const ana = await aPerson(server)
  const make = async (body: object = {}, by: Pick<Person, 'client'> = ana) =>
    (await by.client(createToken, { params: me, body })).key
  const as = (token: string) => ({ client: createClient(server.url, token) })
  return { server, ana, make, as }
}

async function refused(t: ExecutionContext, work: Promise<unknown>): Promise<ApiError> {
  return await t.throwsAsync(work, { instanceOf: ApiError })
}

async function status(t: ExecutionContext, work: Promise<unknown>): Promise<number> {
  return (await refused(t, work)).status
}

const reads = async ({ client }: Pick<Person, 'client'>) => (await client(getUser, { params: me })).username
const idOf = (key: string) => key.slice(0, 10)

test('a token works as its user, is listed without its secret, and ends when it is deleted', async (t) => {
  const { server, ana, make, as } = await setup(t)
  const key = await make({ token_name: 'ci', lifetime_seconds: 3600 })
  t.is(await reads(as(key)), ana.username)
  const tokens = await ana.client(listTokens, { params: me, query: {} })
  t.is(tokens.length, 2)
  t.like(tokens[0], {
    id: idOf(key),
    user_id: ana.id,
    token_name: 'ci',
    lifetime_seconds: 3600,
    login_type: 'token',
    scope: 'all',
    scopes: ['coder:all'],
    allow_list: ['*:*'],
  })
  t.false(JSON.stringify(tokens).includes(key.slice(11)))
  t.deepEqual(await ana.client(getKey, { params: { ...me, key: idOf(key) } }), tokens[0])
  await ana.client(deleteKey, { params: { ...me, key: idOf(key) } })
  t.is(await status(t, reads(as(key))), 401)
  t.is(await status(t, ana.client(deleteKey, { params: { ...me, key: idOf(key) } })), 404)

  const row = z.object({ action: z.string(), actorId: z.guid().nullable(), targetName: z.string(), text: z.string() })
  const rows = await server.db.any(sql.type(row)`
    select action, actor_id, target_name, before::text || after::text as text from daybreak.audit_log
    where target_type = 'api_key' and target_id = ${idOf(key)} order by at`)
  t.deepEqual(
    rows.map(({ action, actorId, targetName }) => [action, actorId, targetName]),
    [
      ['create', ana.id, 'ci'],
      ['delete', ana.id, 'ci'],
    ],
  )
  t.false(rows.some(({ text }) => text.includes(key.slice(11))))
})

test('a token says when it was last used, and one that never was says so', async (t) => {
  const { ana, make, as } = await setup(t)
  const key = await make({ token_name: 'ci' })
  const lastUsed = async () => (await ana.client(getKey, { params: { ...me, key: idOf(key) } })).last_used
  t.is(await lastUsed(), '0001-01-01T00:00:00Z')
  await reads(as(key))
  t.true(Date.parse(await lastUsed()) > Date.now() - 60_000)
  t.truthy((await ana.client(getUser, { params: me })).last_seen_at)
})

test('a name is one token of a user, and free again once that has ended', async (t) => {
  const { server, make, ana } = await setup(t)
  const key = await make({ token_name: 'ci' })
  const taken = await refused(t, make({ token_name: 'CI' }))
  t.like(taken, { status: 409, body: { validations: [{ field: 'token_name' }] } })
  await make({ token_name: 'ci' }, await aPerson(server))
  await make()
  await make()
  await server.db.query(sql.unsafe`update daybreak.api_keys
    set expires_at = created_at + interval '1 microsecond' where id = ${idOf(key)}`)
  const names = async (query = {}) =>
    (await ana.client(listTokens, { params: me, query })).map(({ token_name: name }) => name).filter((n) => n === 'ci')
  t.deepEqual(await names(), [])
  t.deepEqual(await names({ include_expired: 'true' }), ['ci'])
  t.not(await make({ token_name: 'ci' }), key)
})

test('a token lives as long as was asked, within bounds', async (t) => {
  const { ana, make } = await setup(t)
  const seconds = async (body: object) =>
    (await ana.client(getKey, { params: { ...me, key: idOf(await make(body)) } })).lifetime_seconds
  t.is(await seconds({}), DEFAULT_TOKEN_SECONDS)
  t.is(await seconds({ lifetime: 0 }), DEFAULT_TOKEN_SECONDS)
  t.is(await seconds({ lifetime: 3_600_000_000_000 }), 3600)
  t.is(await seconds({ lifetime: 366 * 86_400e9 }), MAX_TOKEN_SECONDS)
  for (const wrong of [
    { lifetime_seconds: 59 },
    { lifetime_seconds: MAX_TOKEN_SECONDS + 1 },
    { lifetime: 1 },
    { lifetime: 9e18 },
    { lifetime: -1 },
    { lifetime_seconds: 1.5 },
  ]) {
    t.is(await status(t, make(wrong)), 400, JSON.stringify(wrong))
  }
})

test('a token with a scope does what the scope says and no more', async (t) => {
  const { ana, make, as } = await setup(t)
  const reader = as(await make({ scopes: ['user:read', 'user:read'] }))
  t.is(await reads(reader), ana.username)
  t.is(await status(t, reader.client(createToken, { params: me, body: {} })), 403)
  const [token] = await ana.client(listTokens, { params: me, query: {} })
  t.like(token, { scope: '', scopes: ['user:read'] })
  const other = as(await make({ scope: 'application_connect' }))
  t.is(await status(t, reads(other)), 404)
  t.deepEqual(await other.client(listUsers, { query: {} }), { users: [], count: 0 })
  for (const wrong of [{ scopes: ['user:fly'] }, { scope: 'everything' }, { allow_list: ['workspace'] }]) {
    t.is(await status(t, make(wrong)), 400, JSON.stringify(wrong))
  }
})

test('a token makes no token that may do more than itself', async (t) => {
  const { make, as } = await setup(t)
  const scopes = ['coder:apikeys.manage_self', 'user:read', 'workspace:*']
  const narrow = as(await make({ scopes }))
  const attempt = (body: object) => make(body, narrow)
  t.is(await status(t, attempt({ scopes: ['coder:all'] })), 403)
  t.is(await status(t, attempt({ scopes: ['template:read'] })), 403)
  t.is(await status(t, attempt({ scopes: ['user:*'] })), 403)
  await attempt({ scopes: ['workspace:start', 'api_key:read'] })
  const [same] = await as(await attempt({})).client(listTokens, { params: me, query: {} })
  t.deepEqual(same!.scopes, scopes)

  const onlyKeys = as(await make({ allow_list: ['api_key:*', 'user:*'] }))
  t.is(await status(t, make({ allow_list: ['*:*'] }, onlyKeys)), 403)
  t.is(await status(t, make({ allow_list: ['workspace:*'] }, onlyKeys)), 403)
  const listed = await make({ allow_list: ['user:some', 'api_key:*'] }, onlyKeys)
  t.is(await status(t, reads(as(listed))), 404)
  const session = await narrow.client(createSessionKey, { params: me })
  t.is(await status(t, make({ scopes: ['coder:all'] }, as(session.key))), 403)
})

test("somebody else's tokens are for owners, and a stranger's do not exist", async (t) => {
  const { server, ana, make } = await setup(t)
  const key = idOf(await make())
  const params = { user: ana.id, key }
  const others: [Person, number, number][] = [
    [await aPerson(server), 404, 404],
    [await aPerson(server, { roles: ['auditor'] }), 404, 403],
    [await aPerson(server, { roles: ['user-admin'] }), 404, 403],
  ]
  for (const [{ client }, hidden, forbidden] of others) {
    t.is(await status(t, client(getKey, { params })), hidden)
    t.is(await status(t, client(deleteKey, { params })), hidden)
    t.is(await status(t, client(listTokens, { params, query: {} })), hidden)
    t.is(await status(t, client(createToken, { params, body: {} })), forbidden)
    t.is(await status(t, client(createSessionKey, { params })), forbidden)
  }
  t.is(await status(t, server.client(getKey, { params: { user: server.admin.id, key } })), 404)
  const made = await server.client(createToken, { params, body: { token_name: 'by-admin' } })
  t.is(await reads({ client: createClient(server.url, made.key) }), ana.username)
  await server.client(deleteKey, { params })
})

test('a session key is a session, not a token', async (t) => {
  const { ana, as } = await setup(t)
  const { key } = await ana.client(createSessionKey, { params: me })
  t.is(await reads(as(key)), ana.username)
  t.is((await ana.client(listTokens, { params: me, query: {} })).length, 1)
  t.is((await ana.client(getKey, { params: { ...me, key: idOf(key) } })).login_type, 'none')
})

test('the system user has no keys, and one slipped in opens nothing', async (t) => {
  const { server, as } = await setup(t)
  const params = { user: 'prebuilds' }
  t.is(await status(t, server.client(createToken, { params, body: {} })), 403)
  t.is(await status(t, server.client(createSessionKey, { params })), 403)
  t.is(await status(t, reads(as(await slipIn(server)))), 401)
})

async function slipIn({ db }: TestServer): Promise<string> {
  const { id, secret, text } = newApiKey()
  const system = await db.oneFirst(sql.type(z.object({ id: z.guid() }))`select id from daybreak.users where is_system`)
  const key = { id, hashedSecret: hashSecret(secret), userId: system, lifetimeSeconds: 60 }
  await insertApiKey(db, { ...key, loginType: 'token', tokenName: '' })
  return text
}
