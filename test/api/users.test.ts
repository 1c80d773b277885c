import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { ApiError } from '../../src/contract/client.ts'
import { createToken } from '../../src/contract/keys.ts'
import {
  activateUser,
  createUser,
  deleteUser,
  getUser,
  getUserRoles,
  listSiteRoles,
  listUsers,
  setPassword,
  setUserRoles,
  signInWithPassword,
  suspendUser,
  updateProfile,
} from '../../src/contract/users.ts'
import { createWorkspace } from '../../src/contract/workspaces.ts'
import { SYSTEM_USER_ID } from '../../src/systemUser.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { anOrganization, aPerson, aWarmTemplate, type Person } from './people.ts'

const PASSWORD = 'correct horse battery'
const OTHER = 'staple of another kind'

async function setup(t: ExecutionContext) {
  return await startServer(t, { role: 'api' })
}

async function refused(t: ExecutionContext, work: Promise<unknown>): Promise<ApiError> {
  return await t.throwsAsync(work, { instanceOf: ApiError })
}

async function status(t: ExecutionContext, work: Promise<unknown>): Promise<number> {
  return (await refused(t, work)).status
}

async function audited({ db }: TestServer, id: string): Promise<unknown[]> {
  const row = z.object({ actorId: z.guid().nullable(), action: z.string(), before: z.any(), after: z.any() })
  const rows = await db.any(sql.type(row)`
    select actor_id, action, before, after from daybreak.audit_log
    where target_type = 'user' and target_id = ${id} order by at, id`)
  return rows.map(({ actorId, action, before, after }) => ({ actorId, action, before, after }))
}

const readsHimself = (person: Person) => person.client(getUser, { params: { user: 'me' } })

test('an admin makes a user who then signs in by mail or by name', async (t) => {
  const server = await setup(t)
  const { client, admin } = server
  const body = { username: 'ana', email: 'ana@example.com', name: ' Ana ', password: PASSWORD }
  const ana = await client(createUser, { body })
  t.like(ana, { username: 'ana', name: 'Ana', login_type: 'password', status: 'active', roles: [] })
  t.is(ana.organization_ids.length, 1)
  for (const email of ['ana', 'ANA@example.com']) {
    t.truthy((await client(signInWithPassword, { body: { email, password: PASSWORD } })).session_token)
  }
  const [made] = await audited(server, ana.id)
  t.like(made, { actorId: admin.id, action: 'create', after: { username: 'ana', email: 'ana@example.com' } })
  t.false(JSON.stringify(await audited(server, ana.id)).includes(PASSWORD))
})

test('a user without a password cannot be signed in to, and what does not fit together is refused', async (t) => {
  const { client } = await setup(t)
  const make = (body: object) => client(createUser, { body: { username: 'bo', email: 'bo@example.com', ...body } })
  for (const wrong of [
    {},
    { password: 'short' },
    { password: 'bo@example.com' },
    { login_type: 'none', password: PASSWORD },
    { login_type: 'github' },
    { password: PASSWORD, username: 'me' },
    { password: PASSWORD, username: 'a b' },
    { password: PASSWORD, email: 'bo' },
  ]) {
    const { status: code, body } = await refused(t, make(wrong))
    t.is(code, 400, JSON.stringify(wrong))
    t.true(body.validations!.length > 0)
  }
  t.is((await make({ login_type: 'none' })).login_type, 'none')
  t.is(await status(t, client(signInWithPassword, { body: { email: 'bo', password: PASSWORD } })), 401)
  t.is(await status(t, client(createUser, { body: { username: 'x', email: 'x@x.de', organization_ids: [] } })), 400)
})

test('a name or a mail address is taken once, whatever its case', async (t) => {
  const { client } = await setup(t)
  const make = (username: string, email: string) =>
    client(createUser, { body: { username, email, login_type: 'none' } })
  const { id } = await make('ana', 'ana@example.com')
  const { id: bo } = await make('bo', 'bo@example.com')
  const byName = await refused(t, make('ANA', 'other@example.com'))
  t.like(byName, { status: 409, body: { validations: [{ field: 'username' }] } })
  const byMail = await refused(t, make('other', 'Ana@example.com'))
  t.like(byMail, { status: 409, body: { validations: [{ field: 'email' }] } })
  t.is(await status(t, make('prebuilds', 'other@example.com')), 409)
  t.is(await status(t, client(updateProfile, { params: { user: bo }, body: { username: 'Ana' } })), 409)
  await client(deleteUser, { params: { user: id } })
  t.not((await make('ana', 'ana@example.com')).id, id)
})

test('who may not manage users makes none, and puts none where he may not', async (t) => {
  const server = await setup(t)
  const body = { username: 'ana', email: 'ana@example.com', login_type: 'none' as const }
  const member = await aPerson(server)
  const auditor = await aPerson(server, { roles: ['auditor'] })
  for (const { client } of [member, auditor]) t.is(await status(t, client(createUser, { body })), 403)
  const keeper = await aPerson(server, { roles: ['user-admin'] })
  const elsewhere = await anOrganization(server)
  const made = await keeper.client(createUser, { body: { ...body, organization_ids: [elsewhere, elsewhere] } })
  t.deepEqual(made.organization_ids, [elsewhere])
  const nowhere = { ...body, username: 'x', email: 'x@x.de', organization_ids: [crypto.randomUUID()] }
  t.is(await status(t, keeper.client(createUser, { body: nowhere })), 404)
})

test('a user changes his own name, others only if they keep users', async (t) => {
  const server = await setup(t)
  const ana = await aPerson(server)
  const params = { user: ana.id }
  const body = { username: 'ana-2', name: 'Ana' }
  t.like(await ana.client(updateProfile, { params: { user: 'me' }, body }), body)
  t.is((await ana.client(updateProfile, { params, body: { username: 'ana-3' } })).name, 'Ana')
  const auditor = await aPerson(server, { roles: ['auditor'] })
  t.is(await status(t, auditor.client(updateProfile, { params, body })), 403)
  t.is(await status(t, (await aPerson(server)).client(updateProfile, { params, body })), 404)
  const keeper = await aPerson(server, { roles: ['user-admin'] })
  t.is((await keeper.client(updateProfile, { params, body })).username, 'ana-2')
  t.like((await audited(server, ana.id))[0], { action: 'write', after: body })
})

test('a deleted user is gone with every right, but not while he has workspaces', async (t) => {
  const server = await setup(t)
  const { client, db } = server
  const world = await aWarmTemplate(server)
  const ana = await aPerson(server, { roles: ['template-admin'] })
  const body = { name: 'w', template_id: world.templateId, template_version_preset_id: world.presetId }
  const { id } = await ana.client(createWorkspace, { params: { user: 'me' }, body })
  const params = { user: ana.id }
  t.is(await status(t, client(deleteUser, { params })), 417)
  await readsHimself(ana)
  await db.query(sql.unsafe`update daybreak.workspaces set deleted_at = now() where id = ${id}`)
  await client(deleteUser, { params })
  t.is(await status(t, readsHimself(ana)), 401)
  t.is(await status(t, client(getUser, { params })), 404)
  const count = sql.type(z.object({ left: z.int() }))`select
    (select count(*) from daybreak.api_keys where user_id = ${ana.id})::int +
    (select count(*) from daybreak.organization_members where user_id = ${ana.id})::int as left`
  t.is((await db.one(count)).left, 0)
  t.like((await audited(server, ana.id)).at(-1), { action: 'delete', before: { username: ana.username } })
})

test('nobody deletes or suspends himself, and the last owner stays one', async (t) => {
  const server = await setup(t)
  const { client, admin } = server
  t.is(await status(t, client(deleteUser, { params: { user: 'me' } })), 403)
  t.is(await status(t, client(suspendUser, { params: { user: 'me' } })), 400)
  t.is(await status(t, client(setUserRoles, { params: { user: 'me' }, body: { roles: [] } })), 409)
  const second = await aPerson(server, { roles: ['owner'] })
  await client(suspendUser, { params: { user: second.id } })
  t.is(await status(t, client(setUserRoles, { params: { user: 'me' }, body: { roles: [] } })), 409)
  await client(activateUser, { params: { user: second.id } })
  const both = await Promise.allSettled([
    client(setUserRoles, { params: { user: second.id }, body: { roles: [] } }),
    second.client(setUserRoles, { params: { user: admin.id }, body: { roles: [] } }),
  ])
  t.is(both.filter((one) => one.status === 'fulfilled').length, 1)
})

test('a suspended user is out at once, and in again when let in', async (t) => {
  const server = await setup(t)
  const keeper = await aPerson(server, { roles: ['user-admin'] })
  const ana = await aPerson(server)
  const params = { user: ana.id }
  await server.client(setPassword, { params, body: { password: PASSWORD } })
  const auditor = await aPerson(server, { roles: ['auditor'] })
  t.is(await status(t, auditor.client(suspendUser, { params })), 403)
  t.is(await status(t, ana.client(suspendUser, { params: { user: keeper.id } })), 404)
  t.is((await keeper.client(suspendUser, { params })).status, 'suspended')
  t.is(await status(t, readsHimself(ana)), 401)
  const login = { email: ana.username, password: PASSWORD }
  const { status: code, body } = await refused(t, ana.client(signInWithPassword, { body: login }))
  t.is(code, 401)
  t.regex(body.message, /suspended/)
  t.is((await keeper.client(activateUser, { params })).status, 'active')
  t.is((await readsHimself(ana)).status, 'active')
  t.like((await audited(server, ana.id)).at(-1), { before: { status: 'suspended' }, after: { status: 'active' } })
})

test('roles are given by who may give them, exist, and are all that the user has then', async (t) => {
  const server = await setup(t)
  const ana = await aPerson(server)
  const keeper = await aPerson(server, { roles: ['user-admin'] })
  const params = { user: ana.id }
  const set = (by: Pick<Person, 'client'>, roles: string[]) => by.client(setUserRoles, { params, body: { roles } })
  t.deepEqual((await set(server, ['auditor', 'template-admin', 'member'])).roles, [
    { name: 'auditor', display_name: 'Auditor' },
    { name: 'template-admin', display_name: 'Template Admin' },
  ])
  t.like(await refused(t, set(server, ['king'])), { status: 400, body: { validations: [{ field: 'roles' }] } })
  t.is(await status(t, set(keeper, ['auditor'])), 403)
  t.is(await status(t, set(keeper, ['auditor', 'template-admin', 'owner'])), 403)
  t.is(await status(t, set(ana, ['owner'])), 403)
  const { roles, organization_roles: inOrganizations } = await ana.client(getUserRoles, { params })
  t.deepEqual(roles, ['auditor', 'template-admin'])
  t.deepEqual(Object.values(inOrganizations), [[]])
  const mayGive = async ({ client }: Pick<Person, 'client'>) =>
    (await client(listSiteRoles, {})).filter(({ assignable }) => assignable).map(({ name }) => name)
  t.deepEqual(await mayGive(server), ['owner', 'template-admin', 'user-admin', 'auditor'])
  t.deepEqual(await mayGive(keeper), [])
  t.like((await audited(server, ana.id)).at(-1), { before: { roles: [] }, after: { roles } })
})

test('who keeps users does not become an owner by way of one', async (t) => {
  const server = await setup(t)
  const { client } = await aPerson(server, { roles: ['user-admin'] })
  const params = { user: server.admin.id }
  t.is(await status(t, client(setPassword, { params, body: { password: PASSWORD } })), 403)
  t.is(await status(t, client(deleteUser, { params })), 403)
  t.is(await status(t, client(suspendUser, { params })), 403)
  const ana = await aPerson(server)
  await server.db.query(sql.unsafe`update daybreak.organization_members set roles = '{organization-admin}'
    where user_id = ${ana.id}`)
  t.is(await status(t, client(setPassword, { params: { user: ana.id }, body: { password: PASSWORD } })), 403)
})

test('a token that may not do everything sets no password, since a password may', async (t) => {
  const server = await setup(t)
  const ana = await aPerson(server)
  for (const [body, expected] of [
    [{ scopes: ['user:*'] }, 403],
    [{ allow_list: ['user:*'] }, 403],
    [{ scopes: ['coder:all'] }, 204],
  ] as const) {
    const { key } = await ana.client(createToken, { params: { user: 'me' }, body: { ...body } as object })
    const response = await fetch(`${server.url}/api/v2/users/me/password`, {
      method: 'PUT',
      headers: { 'Coder-Session-Token': key, 'content-type': 'application/json' },
      body: JSON.stringify({ password: PASSWORD }),
    })
    t.is(response.status, expected, JSON.stringify(body))
  }
})

test('a new password needs the old one of its own user, and ends the other sessions', async (t) => {
  const server = await setup(t)
  const { client } = server
  const ana = await client(createUser, { body: { username: 'ana', email: 'a@x.de', password: PASSWORD } })
  const signIn = async (password: string) => {
    const { session_token: token } = await client(signInWithPassword, { body: { email: 'ana', password } })
    return async (method: string, path: string, body?: object) =>
      await fetch(`${server.url}/api/v2${path}`, {
        method,
        headers: { 'Coder-Session-Token': token, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
  }
  const [here, there] = [await signIn(PASSWORD), await signIn(PASSWORD)]
  const change = async (body: object) => (await here('PUT', '/users/me/password', body)).status
  t.is(await change({ password: OTHER }), 400)
  t.is(await change({ password: OTHER, old_password: OTHER }), 400)
  t.is(await change({ password: PASSWORD, old_password: PASSWORD }), 400)
  t.is(await change({ password: 'short', old_password: PASSWORD }), 400)
  t.is(await change({ password: OTHER, old_password: PASSWORD }), 204)
  t.is((await here('GET', '/users/me')).status, 200)
  t.is((await there('GET', '/users/me')).status, 401)
  t.is(await status(t, signIn(PASSWORD)), 401)
  await client(setPassword, { params: { user: ana.id }, body: { password: PASSWORD } })
  t.is((await here('GET', '/users/me')).status, 401)
  await signIn(PASSWORD)
  const rows = JSON.stringify(await audited(server, ana.id))
  t.false(rows.includes(PASSWORD) || rows.includes(OTHER) || rows.includes('argon2'))
  t.true(rows.includes('[redacted]'))
})

test('the list is searched in words, and shows everybody only to who may see them', async (t) => {
  const server = await setup(t)
  const list = async ({ client }: Pick<Person, 'client'>, q = '', page = {}) =>
    (await client(listUsers, { query: { q, ...page } })).users.map(({ username }) => username)
  const made = async (username: string, set: ReturnType<typeof sql.fragment>) => {
    await server.client(createUser, { body: { username, email: `${username}@example.com`, login_type: 'none' } })
    await server.db.query(sql.unsafe`update daybreak.users set ${set} where username = ${username}`)
  }
  await made('ana', sql.fragment`status = 'suspended', last_seen_at = '2026-02-01'`)
  await made('bo', sql.fragment`roles = '{auditor}', created_at = '2020-01-01'`)
  await made('cy', sql.fragment`status = 'dormant', login_type = 'oidc', name = 'Cyril'`)
  t.deepEqual(await list(server), ['admin', 'ana', 'bo', 'cy'])
  const cases: [string, string[]][] = [
    ['status:active', ['admin', 'bo']],
    ['status:suspended,dormant', ['ana', 'cy']],
    ['role:auditor', ['bo']],
    ['login_type:oidc', ['cy']],
    ['cyri', ['cy']],
    ['BO@example', ['bo']],
    ['100%_', []],
    ['created_before:2021-01-01', ['bo']],
    ['created_after:2021-01-01 status:active', ['admin']],
    ['last_seen_after:"2026-01-31T00:00:00Z" last_seen_before:2026-02-02T00:00:00Z', ['ana']],
    ['include_system:true status:active', ['admin', 'bo', 'prebuilds']],
    ['include_system:false', ['admin', 'ana', 'bo', 'cy']],
  ]
  for (const [q, expected] of cases) t.deepEqual(await list(server, q), expected, q)
  for (const q of [
    'colour:red',
    'status:gone',
    'created_after:soon',
    'include_system:perhaps',
    'github_com_user_id:1',
  ]) {
    t.like(await refused(t, list(server, q)), { status: 400, body: { validations: [{ field: 'q' }] } }, q)
  }
  const { users, count } = await server.client(listUsers, { query: { limit: 2, offset: 1 } })
  t.deepEqual([users.map(({ username }) => username), count], [['ana', 'bo'], 4])
  t.deepEqual(await list(server, '', { after_id: users[1]!.id }), ['cy'])
  const member = await aPerson(server)
  t.deepEqual(await list(member), [member.username])
  t.is((await list(await aPerson(server, { roles: ['auditor'] }))).length, 6)
})

test('the system user is found when asked for, and nobody changes or becomes it', async (t) => {
  const { client } = await setup(t)
  t.is((await client(getUser, { params: { user: 'prebuilds' } })).id, SYSTEM_USER_ID)
  const params = { user: SYSTEM_USER_ID }
  const attempts = [
    client(deleteUser, { params }),
    client(suspendUser, { params }),
    client(activateUser, { params }),
    client(setUserRoles, { params, body: { roles: ['owner'] } }),
    client(setPassword, { params, body: { password: PASSWORD } }),
    client(updateProfile, { params, body: { username: 'x' } }),
  ]
  for (const attempt of attempts) t.is(await status(t, attempt), 403)
  t.is(await status(t, client(signInWithPassword, { body: { email: 'prebuilds', password: 'none' } })), 401)
})
