import type { Argon2Parameters } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import type { Request } from 'express'
import { sql } from 'slonik'
import { z } from 'zod'
import { openPasswordSession, verifyLogin } from '../../../src/api/users/signIn.ts'
import { ApiError, createClient } from '../../../src/contract/client.ts'
import {
  createFirstUser,
  createUser,
  findFirstUser,
  getAuthMethods,
  getUser,
  logout,
  signInWithPassword,
} from '../../../src/contract/users.ts'
import { Refusal } from '../../../src/domain/errors.ts'
import { createPasswords, passwords } from '../../../src/password.ts'
import { newSignInLink } from '../../../src/up/bootstrap.ts'
import { startServer, type TestServer } from '../../support/server.ts'

const PASSWORD = 'correct horse battery'
const me = { params: { user: 'me' } }

async function setup(t: ExecutionContext) {
  const server = await startServer(t, { role: 'api' })
  const body = { username: 'ana', email: 'ana@example.com', password: PASSWORD }
  const { id } = await server.client(createUser, { body })
  const nobody = createClient(server.url)
  const signIn = (email = 'ana', password = PASSWORD) => nobody(signInWithPassword, { body: { email, password } })
  return { server, id, nobody, signIn }
}

async function refused(t: ExecutionContext, work: Promise<unknown>): Promise<ApiError> {
  return await t.throwsAsync(work, { instanceOf: ApiError })
}

async function actions({ db }: TestServer, userId: string): Promise<string[]> {
  return [
    ...(await db.anyFirst(sql.type(z.object({ action: z.string() }))`
      select action from daybreak.audit_log where actor_id = ${userId} order by at, id`)),
  ]
}

test('a password opens a session, and signing out ends it; both are written down', async (t) => {
  const { server, id, signIn } = await setup(t)
  const { session_token: token } = await signIn()
  const client = createClient(server.url, token)
  t.is((await client(getUser, me)).id, id)
  t.deepEqual(await client(logout, {}), { message: 'Logged out!' })
  t.is((await refused(t, client(getUser, me))).status, 401)
  t.deepEqual(await actions(server, id), ['login', 'logout'])
})

test('the cookie of a session is for this server alone, and no script reads it', async (t) => {
  for (const [env, secure] of [
    [{}, false],
    [{ DAYBREAK_ACCESS_URL: 'https://daybreak.example.com' }, true],
  ] as const) {
    const server = await startServer(t, { role: 'api', env })
    const url = `http://127.0.0.1:${server.place.port}`
    const client = createClient(url, server.token)
    await client(createUser, { body: { username: 'ana', email: 'a@x.de', password: PASSWORD } })
    const response = await fetch(`${url}/api/v2/users/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'a@x.de', password: PASSWORD }),
    })
    t.is(response.status, 201)
    const { session_token: token } = (await response.json()) as { session_token: string }
    const [cookie = ''] = response.headers.getSetCookie()
    t.true(cookie.startsWith(`coder_session_token=${token}; Max-Age=604800; Path=/; `), cookie)
    t.regex(cookie, /; HttpOnly(;|$)/)
    t.regex(cookie, /; SameSite=Lax(;|$)/)
    t.is(/; Secure(;|$)/.test(cookie), secure)
  }
})

test('unknown, without a password or a wrong one: all read alike', async (t) => {
  const { server, signIn } = await setup(t)
  await server.client(createUser, { body: { username: 'bo', email: 'b@x.de', login_type: 'none' } })
  const answers = [
    await refused(t, signIn('nobody@example.com')),
    await refused(t, signIn('bo')),
    await refused(t, signIn('ana', 'wrong horse battery')),
    await refused(t, signIn('prebuilds@system', 'none')),
  ]
  for (const { status, body } of answers) t.deepEqual({ status, body }, { status: 401, body: answers[0]!.body })
})

test('a password that was changed while it was checked opens no session', async (t) => {
  const { server, id } = await setup(t)
  const { db } = server
  const changing = {
    ...passwords,
    async check(stored: string | null, password: string) {
      const checked = await passwords.check(stored, password)
      await db.query(sql.unsafe`update daybreak.users set password_hash = 'another' where id = ${id}`)
      return checked
    },
  }
  const sessions = sql.type(z.object({ count: z.int() }))`
    select count(*)::int as count from daybreak.api_keys where user_id = ${id}`
  const before = await db.one(sessions)
  const request = { headers: {} } as unknown as Request
  await t.throwsAsync(openPasswordSession({ db, passwords: changing }, { login: 'ana', password: PASSWORD, request }), {
    instanceOf: Refusal,
    message: 'The password was changed meanwhile.',
  })
  t.deepEqual(await db.one(sessions), before)
})

test('unknown and known are the same work, and a refused one tells no more by being suspended', async (t) => {
  const { server, id } = await setup(t)
  await server.client(createUser, { body: { username: 'bo', email: 'b@x.de', login_type: 'none' } })
  const calls: Argon2Parameters[] = []
  const counting = createPasswords(async (parameters) => {
    calls.push(parameters)
    return Buffer.alloc(parameters.tagLength)
  })
  const attempt = async (login: string) =>
    await t.throwsAsync(verifyLogin({ db: server.db, passwords: counting }, { login, password: PASSWORD }), {
      instanceOf: Refusal,
      message: 'Incorrect email or password.',
    })
  await server.db.query(sql.unsafe`update daybreak.users set status = 'suspended' where id = ${id}`)
  for (const login of ['ana', 'bo', 'nobody']) await attempt(login)
  t.deepEqual(
    calls.map(({ memory, passes, parallelism }) => [memory, passes, parallelism]),
    Array.from({ length: 3 }, () => [19_456, 2, 1]),
  )
})

test('who signs in elsewhere is told so once the password is right', async (t) => {
  const { server, id, signIn } = await setup(t)
  await server.db.query(sql.unsafe`update daybreak.users set login_type = 'oidc' where id = ${id}`)
  t.is((await refused(t, signIn('ana', 'wrong horse battery'))).status, 401)
  t.is((await refused(t, signIn())).status, 403)
})

test('a hash made with older parameters is made anew by the next sign-in', async (t) => {
  const { server, id, signIn } = await setup(t)
  const old = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'
  await server.db.query(sql.unsafe`update daybreak.users set password_hash = ${old} where id = ${id}`)
  const stored = async () =>
    await server.db.oneFirst(
      sql.type(z.object({ hash: z.string() }))`select password_hash as hash from daybreak.users where id = ${id}`,
    )
  await refused(t, signIn('ana', 'passwore'))
  t.is(await stored(), old)
  await signIn('ana', 'password')
  t.deepEqual(await passwords.check(await stored(), 'password'), { matches: true, outdated: false })
})

test('somebody who was away for long is back with a sign-in', async (t) => {
  const { server, id, signIn } = await setup(t)
  await server.db.query(sql.unsafe`update daybreak.users set status = 'dormant' where id = ${id}`)
  await signIn()
  t.is((await server.client(getUser, { params: { user: id } })).status, 'active')
})

test('the first user becomes an owner, and there is only one first user', async (t) => {
  const { db, url } = await startServer(t, { role: 'api' })
  const client = createClient(url)
  t.truthy((await client(findFirstUser, {})).message)
  const make = (username: string, password = PASSWORD) =>
    client(createFirstUser, { body: { username, email: `${username}@example.com`, password } })
  t.is((await refused(t, make('ana'))).status, 409)
  await db.query(sql.unsafe`delete from daybreak.users where not is_system`)
  t.is((await refused(t, client(findFirstUser, {}))).status, 404)
  t.is((await refused(t, make('ana', 'ana@example.com'))).status, 400)
  const all = await Promise.allSettled(['ana', 'bo', 'cy'].map((name) => make(name)))
  const made = all.filter((one) => one.status === 'fulfilled')
  t.is(made.length, 1)
  const { user_id: id, organization_id: organization } = made[0]!.value
  const { session_token: token } = await client(signInWithPassword, {
    body: { email: ['ana', 'bo', 'cy'][all.indexOf(made[0]!)]!, password: PASSWORD },
  })
  const user = await createClient(url, token)(getUser, me)
  t.like(user, { id, organization_ids: [organization], roles: [{ name: 'owner', display_name: 'Owner' }] })
  t.truthy((await client(findFirstUser, {})).message)
})

test('the ways to sign in are told to everybody', async (t) => {
  const { nobody } = await setup(t)
  const { password, oidc } = await nobody(getAuthMethods, {})
  t.deepEqual({ password, oidc: oidc.enabled }, { password: { enabled: true }, oidc: false })
})

test('a link is written down as a sign-in, and lets no suspended user in', async (t) => {
  const { server } = await setup(t)
  const { admin } = server
  const link = async () =>
    new URL(
      (await newSignInLink(server.db, { admin: { ...admin, username: 'admin', canSignIn: false }, url: server.url }))!,
    )
  const open = async (token: string) =>
    await fetch(`${server.url}/api/v2/users/login/link`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })
  t.is((await open((await link()).searchParams.get('token')!)).status, 201)
  t.true((await actions(server, admin.id)).includes('login'))
  await server.db.query(sql.unsafe`update daybreak.users set status = 'suspended' where id = ${admin.id}`)
  const response = await open((await link()).searchParams.get('token')!)
  t.is(response.status, 401)
  t.regex(await response.text(), /suspended/)
})
