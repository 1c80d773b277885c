import test from 'ava'
import { sql } from 'slonik'
import { insertUser } from '../../sql/identity.sql.ts'
import { ApiError } from '../../src/contract/client.ts'
import { getDebugLink, listIdpSyncFields, listIdpSyncValues } from '../../src/contract/oidc.ts'
import { aPerson } from '../api/people.ts'
import type { TestServer } from '../support/server.ts'
import { newBrowser } from './browser.ts'
import { accounts, auditRows, setup, somebody } from './setup.ts'

async function aGroup({ db }: TestServer, name: string, source: 'user' | 'oidc'): Promise<void> {
  await db.query(sql.unsafe`insert into daybreak.groups (organization_id, name, source)
    select id, ${name}, ${source} from daybreak.organizations where is_default`)
}

const groupsOf = async (server: TestServer) => (await accounts(server))[0]!.groups
const rolesOf = async (server: TestServer) => (await accounts(server))[0]!.roles

test('members of mapped groups come and go with the claim, and groups that people fill are left alone', async (t) => {
  const group_mapping = {
    'dev-team': { group: 'Dev', create: true },
    'ops-team': 'Ops',
    staff: 'By-Hand',
    all: 'Everyone',
  }
  const { server, signIn } = await setup(t, { groups_claim: 'groups', group_mapping })
  await aGroup(server, 'by-hand', 'user')
  await aGroup(server, 'plain', 'oidc')
  const groups = async (claim: unknown) => {
    t.is((await signIn(somebody('alice', { groups: claim }))).status, 200)
    return await groupsOf(server)
  }
  t.deepEqual(await groups(['ops-team', 'staff', 'all', 'unknown']), [])
  t.deepEqual(await groups(['dev-team', 'PLAIN']), ['Dev', 'plain'])
  await aGroup(server, 'ops', 'oidc')
  t.deepEqual(await groups(['dev-team', 'ops-team']), ['Dev', 'ops'])
  t.deepEqual(await groups('dev-team'), ['Dev'])
  await server.db.query(sql.unsafe`insert into daybreak.group_members (group_id, user_id)
    select g.id, u.id from daybreak.groups g, daybreak.users u where g.name = 'by-hand' and u.username = 'alice'`)
  t.deepEqual(await groups(undefined), ['by-hand'])
  const made = await auditRows(server, 'group')
  t.like(made, [{ action: 'create', after: { name: 'Dev', source: 'oidc' } }])
  t.is(made.length, 1)
  const change = (await auditRows(server)).find(({ action }) => action === 'write')
  t.like(change, { before: { groups: [] }, after: { groups: ['Dev', 'plain'] } })
})

test('people who need the same new group at once are all in it', async (t) => {
  const group_mapping = { a: { group: 'A', create: true }, b: { group: 'B', create: true } }
  const { server, provider, loginUrl } = await setup(t, { groups_claim: 'groups', group_mapping })
  const began = []
  for (const sub of ['p1', 'p2', 'p3', 'p4']) {
    provider.whoIs(somebody(sub, { groups: sub < 'p3' ? ['a', 'b'] : ['b', 'a'] }))
    const browser = newBrowser()
    const { location } = await browser.go(loginUrl, (place) => place.includes('/callback?'))
    began.push({ browser, location: location! })
  }
  const answers = await Promise.all(began.map(async ({ browser, location }) => await browser.ask(location)))
  t.true(answers.every(({ status }) => status === 303))
  for (const { groups } of await accounts(server)) t.deepEqual(groups, ['A', 'B'])
  t.is((await auditRows(server, 'group')).length, 2)
})

test('whoever has left the default organization is put into no group of it', async (t) => {
  const group_mapping = { 'dev-team': { group: 'Dev', create: true } }
  const { server, signIn } = await setup(t, { groups_claim: 'groups', group_mapping })
  await signIn(somebody('alice'))
  await server.db.query(sql.unsafe`delete from daybreak.organization_members`)
  t.is((await signIn(somebody('alice', { groups: ['dev-team'] }))).status, 200)
  t.deepEqual(await groupsOf(server), [])
  t.deepEqual(await auditRows(server, 'group'), [])
})

test('roles follow the mapping; those that it does not name stay, and owner is given only by name', async (t) => {
  const role_mapping = { ops: ['template-admin', 'auditor'], audit: 'auditor' }
  const { server, signIn } = await setup(t, { roles_claim: 'roles', role_mapping })
  const roles = async (claim: unknown) => {
    t.is((await signIn(somebody('alice', { roles: claim }))).status, 200)
    return await rolesOf(server)
  }
  t.deepEqual(await roles(['owner', 'user-admin', 'admin']), [])
  t.deepEqual(await roles(['ops']), ['auditor', 'template-admin'])
  await server.db.query(
    sql.unsafe`update daybreak.users set roles = array_append(roles, 'owner') where username = 'alice'`,
  )
  t.deepEqual(await roles(['audit']), ['auditor', 'owner'])
  t.deepEqual(await roles(undefined), ['owner'])
})

test('a mapping gives and takes owner, but not from the last one', async (t) => {
  const { server, signIn } = await setup(t, { roles_claim: 'roles', role_mapping: { boss: 'owner' } })
  const roles = async (claim: unknown) => {
    t.is((await signIn(somebody('alice', { roles: claim }))).status, 200)
    return await rolesOf(server)
  }
  t.deepEqual(await roles(['boss']), ['owner'])
  t.deepEqual(await roles([]), [])
  t.deepEqual(await roles(['boss']), ['owner'])
  await server.db.query(sql.unsafe`update daybreak.users set roles = '{}' where username = 'admin'`)
  t.deepEqual(await roles([]), ['owner'])
})

const told = {
  sub: 'alice',
  idToken: { where: 'id', name: 'Id', email: 'id@example.com', email_verified: true },
  userInfo: { where: 'info', email: 'info@example.com', email_verified: true, groups: ['g1'] },
  accessToken: { where: 'access', roles: ['r1'], email: 'access@example.com' },
}

test('claims are kept by their source, and merged in its order', async (t) => {
  const expected = {
    user_info: { second: { where: 'info' }, merged: { where: 'info', name: 'Id', groups: ['g1'] }, email: 'info' },
    access_token: { second: { where: 'access' }, merged: { where: 'id', name: 'Id', roles: ['r1'] }, email: 'id' },
    none: { second: null, merged: { where: 'id', name: 'Id' }, email: 'id' },
  }
  for (const [claims_source, { second, merged, email }] of Object.entries(expected)) {
    const { server, signIn } = await setup(t, { claims_source })
    const { accessToken, ...rest } = told
    const person = claims_source === 'access_token' ? { ...rest, accessToken } : rest
    const answer = await signIn(person)
    t.is(answer.status, 200, answer.text)
    const [account] = await accounts(server)
    t.is(account!.email, `${email}@example.com`)
    const params = { user: account!.id }
    const claims = await server.client(getDebugLink, { params })
    t.like(claims.id_token_claims, { where: 'id', sub: 'alice' }, claims_source)
    t.like(claims.merged_claims, merged, claims_source)
    if (second === null) t.is(claims.user_info_claims, null)
    else t.like(claims.user_info_claims, { ...second, sub: 'alice' }, claims_source)
    await signIn({ ...person, idToken: { ...told.idToken, name: 'New' } })
    t.like((await server.client(getDebugLink, { params })).merged_claims, { name: 'New' })
  }
})

test('only administrators read what a provider said, and only of those who sign in with one', async (t) => {
  const { server, signIn } = await setup(t)
  const { session } = await signIn(somebody('alice'))
  const [alice] = await accounts(server)
  const debug = `/api/v2/debug/${alice!.id}/debug-link`
  const statusOf = async (path: string, token: string) =>
    (await fetch(server.url + path, { headers: { 'Coder-Session-Token': token } })).status
  const { token: member } = await aPerson(server)
  const { token: userAdmin } = await aPerson(server, { roles: ['user-admin'] })
  t.is(await statusOf(debug, member), 404)
  t.is(await statusOf(debug, session!), 403)
  t.is(await statusOf(debug, userAdmin), 200)
  for (const path of ['available-fields', 'field-values?claimField=sub']) {
    t.is(await statusOf(`/api/v2/settings/idpsync/${path}`, member), 404)
    t.is(await statusOf(`/api/v2/settings/idpsync/${path}`, userAdmin), 200)
  }
  const error = await t.throwsAsync(server.client(getDebugLink, { params: { user: 'me' } }), { instanceOf: ApiError })
  t.is(error.status, 400)
  t.is(error.message, 'User is not an OIDC user.')
  const { id } = await insertUser(server.db, {
    username: 'new',
    email: 'new@x',
    name: '',
    loginType: 'oidc',
    roles: [],
  })
  await t.throwsAsync(server.client(getDebugLink, { params: { user: id } }), { message: 'User is not an OIDC user.' })
})

test('fields and values for mappings are those of all who signed in and are still there', async (t) => {
  const { server, signIn } = await setup(t)
  await signIn(somebody('alice', { groups: ['a', 'b', 3, null], where: 'here', x: { y: 1 } }))
  await signIn(somebody('bob', { groups: 'c', where: 'there', x: 5 }))
  await signIn(somebody('gone', { groups: ['z'], roles: ['r'] }))
  await server.db.query(sql.unsafe`update daybreak.users set deleted_at = now() where username = 'gone'`)
  const fields = await server.client(listIdpSyncFields, {})
  t.true(
    ['email', 'groups', 'iss', 'sub', 'where', 'x'].every((name) => fields.includes(name)),
    String(fields),
  )
  t.false(fields.includes('roles'))
  const values = async (claimField: string) => await server.client(listIdpSyncValues, { query: { claimField } })
  t.deepEqual(await values('groups'), ['a', 'b', 'c'])
  t.deepEqual(await values('where'), ['here', 'there'])
  t.deepEqual(await values('x'), [])
  t.deepEqual(await values('nothing'), [])
})

test('a link without claims has none to list', async (t) => {
  const { server } = await setup(t)
  const { id } = await insertUser(server.db, { username: 'x', email: 'x@y', name: '', loginType: 'oidc', roles: [] })
  await server.db.query(sql.unsafe`insert into daybreak.user_links (user_id, login_type) values (${id}, 'oidc')`)
  t.deepEqual(await server.client(listIdpSyncFields, {}), [])
  t.deepEqual(await server.client(getDebugLink, { params: { user: id } }), {
    id_token_claims: null,
    user_info_claims: null,
    merged_claims: null,
  })
})
