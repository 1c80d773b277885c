import test from 'ava'
import { sql } from 'slonik'
import { findOrganization, insertMember, insertUser } from '../../sql/identity.sql.ts'
import type { TestServer } from '../support/server.ts'
import { accounts, auditRows, setup, somebody } from './setup.ts'

async function anAccount({ db }: TestServer, { name = 'alice', loginType = 'oidc' } = {}): Promise<string> {
  const { id } = await insertUser(db, { username: name, email: `${name}@example.com`, name: '', loginType, roles: [] })
  await insertMember(db, { userId: id, organizationId: (await findOrganization(db, { id: null, name: null }))!.id })
  return id
}

test('an account that was made for the provider is linked by its verified address', async (t) => {
  const { server, provider, signIn } = await setup(t, { allow_signups: false })
  const id = await anAccount(server)
  t.is((await signIn(somebody('sub-1', { email: 'Alice@Example.com' }))).status, 200)
  t.like(await accounts(server), [{ id, username: 'alice', linkedId: `${provider.issuer}|sub-1` }])
})

test('nobody takes over an account by claiming its address', async (t) => {
  const { server, signIn } = await setup(t, {}, [{ id: 'other' }])
  for (const loginType of ['password', 'none', 'token']) await anAccount(server, { name: `is-${loginType}`, loginType })
  await anAccount(server, { name: 'fresh' })
  const before = await accounts(server)
  for (const name of ['is-password', 'is-none', 'is-token']) {
    const taken = await signIn(somebody('mallory', { email: `${name}@example.com` }))
    t.is(taken.status, 403)
    t.is(taken.message, 'The account with this e-mail address signs in another way.')
    t.is(taken.session, undefined)
  }
  for (const email_verified of [false, undefined, 'no', 1, null]) {
    const unverified = await signIn(somebody('mallory', { email: 'fresh@example.com', email_verified }))
    t.is(unverified.status, 403, String(email_verified))
    t.is(unverified.message, 'Acme does not vouch for an e-mail address of yours.')
  }
  // The first admin has an address too.
  t.is((await signIn(somebody('mallory', { email: 'admin@localhost' }))).status, 403)
  t.is((await signIn(somebody('mallory', { email: 'prebuilds@system' }))).status, 403)
  t.deepEqual(await accounts(server), before)
})

test('an account that belongs to one identity is not given to another', async (t) => {
  const { server, signIn } = await setup(t)
  t.is((await signIn(somebody('alice'))).status, 200)
  const second = await signIn(somebody('alice-2', { email: 'alice@example.com' }))
  t.is(second.status, 403)
  t.is(second.message, 'The account with this e-mail address belongs to another identity.')
  t.like(await accounts(server), [{ username: 'alice' }])
  t.is((await accounts(server)).length, 1)
})

test('a name that is claimed finds nobody, and a taken one gets a number', async (t) => {
  const { server, signIn } = await setup(t)
  await anAccount(server, { name: 'Admin-2', loginType: 'password' })
  for (const sub of ['a', 'b', 'c']) t.is((await signIn(somebody(sub, { preferred_username: 'admin' }))).status, 200)
  t.deepEqual(
    (await accounts(server)).map(({ username }) => username),
    ['Admin-2', 'admin-3', 'admin-4', 'admin-5'],
  )
})

test('somebody who signs up twice at once is one person', async (t) => {
  const { server, signIn } = await setup(t)
  const both = await Promise.all([1, 2, 3].map(async () => await signIn(somebody('alice'))))
  t.deepEqual(
    both.map(({ status }) => status),
    [200, 200, 200],
  )
  t.is((await accounts(server)).length, 1)
})

test('who is suspended, removed or signs in another way by now is not let in, and who was away is back', async (t) => {
  const { server, signIn } = await setup(t)
  await signIn(somebody('alice'))
  const change = async (set: ReturnType<typeof sql.fragment>) => {
    await server.db.query(sql.unsafe`update daybreak.users set ${set} where username = 'alice'`)
    return await signIn(somebody('alice'))
  }
  const suspended = await change(sql.fragment`status = 'suspended'`)
  t.is(suspended.status, 401)
  t.regex(suspended.message!, /^Your account is suspended/)
  t.is(suspended.session, undefined)
  t.is((await change(sql.fragment`status = 'dormant'`)).status, 200)
  t.like(await accounts(server), [{ status: 'active' }])
  t.is((await change(sql.fragment`login_type = 'password'`)).status, 403)
  const removed = await change(sql.fragment`login_type = 'oidc', deleted_at = clock_timestamp()`)
  t.is(removed.status, 401)
  t.is(removed.message, 'Your account was removed. Ask an administrator.')
  t.deepEqual(await accounts(server), [])
})

test('without sign-ups only those with an account come in', async (t) => {
  const { server, signIn } = await setup(t, { allow_signups: false })
  const refused = await signIn(somebody('alice'))
  t.is(refused.status, 403)
  t.is(refused.message, 'Nobody can sign up with Acme here.')
  t.deepEqual(await accounts(server), [])
})

test('domains are asked for at every sign-in, and only verified addresses are of one', async (t) => {
  const { server, signIn } = await setup(t, { email_domains: ['Acme.example'] })
  for (const claims of [
    {},
    { email: 'a@acme.example.evil.example' },
    { email: 'a@sub.acme.example' },
    { email: 'a@acme.example', email_verified: false },
    { email: undefined },
  ]) {
    t.is((await signIn(somebody('a', claims))).status, 403, JSON.stringify(claims))
  }
  t.is((await signIn(somebody('a', { email: 'a@ACME.example' }))).status, 200)
  t.is((await signIn(somebody('a', { email: 'a@elsewhere.example' }))).status, 403)
  t.is((await accounts(server)).length, 1)
})

test('signing up, signing in and what claims change are in the audit log', async (t) => {
  const settings = { roles_claim: 'roles', role_mapping: { audit: 'auditor' } }
  const { server, signIn } = await setup(t, settings)
  await signIn(somebody('alice'))
  await signIn(somebody('alice', { roles: ['audit'] }))
  await signIn(somebody('alice', { roles: ['audit'] }))
  const [{ id } = { id: '' }] = await accounts(server)
  const rows = await auditRows(server)
  t.deepEqual(
    rows.map(({ action }) => action),
    ['register', 'login', 'write', 'login', 'login'],
  )
  t.true(rows.every(({ actorId }) => actorId === id))
  t.like(rows[0]!.after, { username: 'alice', provider: 'acme' })
  t.like(rows[2], { before: { roles: [] }, after: { roles: ['auditor'] } })
})

test('before the first user is made, nobody signs up', async (t) => {
  const { server, signIn } = await setup(t)
  await server.db.query(sql.unsafe`update daybreak.organizations set deleted_at = now(), is_default = false`)
  const { status, message } = await signIn(somebody('alice'))
  t.deepEqual([status, message], [412, 'Nobody has set up this server yet.'])
})

test('odd claims are no error of ours', async (t) => {
  const { server, signIn } = await setup(t, { groups_claim: 'groups' })
  const odd = {
    name: `a\u202e\u0000${'x'.repeat(300)}`,
    preferred_username: { a: 1 },
    groups: 'a\u0000',
    where: '\ud800',
  }
  t.is((await signIn(somebody('alice', odd))).status, 200)
  const [account] = await accounts(server)
  t.is(account!.username, 'alice')
  t.regex(account!.name, /^ax{127}$/)
})
