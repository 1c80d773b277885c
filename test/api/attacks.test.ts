// What somebody would try who has little and wants more: narrow tokens, guessing, floods, streams that outlive a right.
import { once } from 'node:events'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { createSessionKey, createToken } from '../../src/contract/keys.ts'
import { updateTemplateAcl } from '../../src/contract/templateAcl.ts'
import { createUser, setUserRoles, suspendUser, updateProfile } from '../../src/contract/users.ts'
import { createWorkspace, type Workspace } from '../../src/contract/workspaces.ts'
import { NEW_KEYS, NEW_PASSWORDS, UNKNOWN_TOKENS } from '../../src/api/frame/rateLimits.ts'
import { MAX_STREAMS_EACH } from '../../src/api/watch.ts'
import { newApiKey } from '../../src/secrets.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { anOrganization, aPerson, aWarmTemplate, type Person } from './people.ts'

const me = { user: 'me' }
const LIMITED = { role: 'api', env: { DAYBREAK_RATE_LIMITS: 'on' } } as const
const PASSWORD = 'correct horse battery'

type Ask = { method?: string; token: string; body?: unknown; headers?: Record<string, string> }

async function ask({ url }: TestServer, path: string, { method = 'GET', token, body, headers = {} }: Ask) {
  const known = { 'coder-session-token': token, 'content-type': 'application/json', ...headers }
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  const response = await fetch(`${url}/api/v2${path}`, { method, headers: known, ...sent })
  return { status: response.status, text: await response.text() }
}

async function narrow({ client }: Pick<Person, 'client'>, limits: { scopes?: string[]; allow_list?: string[] }) {
  return (await client(createToken, { params: me, body: limits })).key
}

async function setup(t: ExecutionContext, options: Parameters<typeof startServer>[1] = { role: 'api' }) {
  const server = await startServer(t, options)
  return { server, ana: await aPerson(server) }
}

async function aWorkspace(server: TestServer, { client }: Person, name: string): Promise<Workspace> {
  const { templateId } = await aWarmTemplate(server)
  return await client(createWorkspace, { params: me, body: { name, template_id: templateId, prebuild: 'never' } })
}

async function watch({ url }: TestServer, id: string, token: string): Promise<Response> {
  return await fetch(`${url}/api/v2/workspaces/${id}/watch`, { headers: { 'coder-session-token': token } })
}

test('a token that may not touch files uploads none', async (t) => {
  const { server, ana } = await setup(t)
  const token = await narrow(ana, { scopes: ['workspace:read'] })
  const headers = { 'content-type': 'application/x-tar' }
  t.is((await ask(server, '/files', { method: 'POST', token, body: 'x', headers })).status, 403)
  const fitting = await narrow(ana, { scopes: ['file:create'] })
  t.is((await ask(server, '/files', { method: 'POST', token: fitting, body: 'x', headers })).status, 201)
})

test('the files of one user are read one after the other, and hold up nobody else', async (t) => {
  const { server, ana } = await setup(t)
  const headers = { 'coder-session-token': ana.token, 'content-type': 'application/x-tar', 'content-length': '2' }
  const slow = http.request(`${server.url}/api/v2/files`, { method: 'POST', headers })
  const answered = once(slow, 'response') as Promise<[http.IncomingMessage]>
  slow.write('x')
  await sleep(300)
  const send = (token: string) =>
    ask(server, '/files', { method: 'POST', token, body: 'y', headers: { 'content-type': 'application/x-tar' } })
  let isAnswered = false
  const second = send(ana.token).then((answer) => {
    isAnswered = true
    return answer
  })
  t.is((await send(server.token)).status, 201)
  t.false(isAnswered)
  slow.end('z')
  t.is((await answered)[0].statusCode, 201)
  t.is((await second).status, 201)
})

test('a broken upload holds up none that follows', async (t) => {
  const { server, ana } = await setup(t)
  const headers = { 'coder-session-token': ana.token, 'content-type': 'application/x-tar', 'content-length': '2' }
  const broken = http.request(`${server.url}/api/v2/files`, { method: 'POST', headers }).on('error', () => {})
  broken.write('x')
  await sleep(300)
  broken.destroy()
  const more = { method: 'POST', token: ana.token, body: 'y', headers: { 'content-type': 'application/x-tar' } }
  t.is((await ask(server, '/files', more)).status, 201)
})

test('a token that may not read templates reads no version that its user pushed', async (t) => {
  const { server, ana } = await setup(t)
  const { versionId } = await aWarmTemplate(server)
  await server.db.query(sql.unsafe`
    update daybreak.template_versions set template_id = null, created_by = ${ana.id} where id = ${versionId}`)
  const path = `/templateversions/${versionId}`
  t.is((await ask(server, path, { token: ana.token })).status, 200)
  t.is((await ask(server, path, { token: await narrow(ana, { scopes: ['user:read'] }) })).status, 404)
  t.is((await ask(server, path, { token: await narrow(ana, { scopes: ['template:read'] }) })).status, 200)
})

test('a token lists those workspaces that it may read, and counts no others', async (t) => {
  const { server, ana } = await setup(t)
  const [one, two] = [await aWorkspace(server, ana, 'one'), await aWorkspace(server, ana, 'two')]
  const list = async (limits: { scopes?: string[]; allow_list?: string[] }, query = '') => {
    const { text } = await ask(server, `/workspaces${query}`, { token: await narrow(ana, limits) })
    const { workspaces, count } = JSON.parse(text) as { workspaces: { name: string }[]; count: number }
    return { names: workspaces.map(({ name }) => name).toSorted(), count }
  }
  t.deepEqual(await list({ scopes: ['user:read'] }), { names: [], count: 0 })
  t.deepEqual(await list({ allow_list: [`workspace:${two.id}`] }), { names: ['two'], count: 1 })
  t.deepEqual(await list({ allow_list: [`workspace:${one.id}`] }, '?offset=1'), { names: [], count: 1 })
  t.deepEqual(await list({ scopes: ['workspace:read'] }), { names: ['one', 'two'], count: 2 })
})

test('a repeated Idempotency-Key shows a workspace to no token that may not read it', async (t) => {
  const { server, ana } = await setup(t)
  const { templateId } = await aWarmTemplate(server)
  const body = { name: 'own', template_id: templateId, prebuild: 'never' }
  const headers = { 'idempotency-key': 'one-of-a-list' }
  const path = `/users/${ana.username}/workspaces`
  t.is((await ask(server, path, { method: 'POST', token: ana.token, body, headers })).status, 201)
  const token = await narrow(ana, { scopes: ['user:read'] })
  t.is((await ask(server, path, { method: 'POST', token, body, headers })).status, 404)
  t.is((await ask(server, path, { method: 'POST', token: ana.token, body, headers })).status, 201)
})

test('who keeps users renames nobody who is above him', async (t) => {
  const { server, ana } = await setup(t)
  const keeper = await aPerson(server, { roles: ['user-admin'] })
  const rename = (user: string) => keeper.client(updateProfile, { params: { user }, body: { username: 'renamed' } })
  t.like(await t.throwsAsync(rename(server.admin.id)), { status: 403 })
  t.is((await rename(ana.id)).username, 'renamed')
})

test('an admin of one template puts nobody on its list whom he may not see', async (t) => {
  const { server, ana } = await setup(t)
  const { templateId } = await aWarmTemplate(server)
  const params = { template: templateId }
  await server.client(updateTemplateAcl, { params, body: { user_perms: { [ana.id]: 'admin' } } })
  const stranger = await aPerson(server, { organizationId: await anOrganization(server) })
  const put = (id: string) => ana.client(updateTemplateAcl, { params, body: { user_perms: { [id]: 'use' } } })
  const nobody = '00000000-0000-4000-8000-000000000000'
  const errors = [await t.throwsAsync(put(stranger.id)), await t.throwsAsync(put(nobody))]
  const said = errors.map((error) => JSON.stringify(error).replaceAll(stranger.id, nobody))
  t.is(said[0], said[1])
  t.like(errors[0], { status: 400 })
  await server.client(updateTemplateAcl, { params, body: { user_perms: { [stranger.id]: 'use' } } })
  await ana.client(updateTemplateAcl, { params, body: { user_perms: { [stranger.id]: '' } } })
})

test('a page after somebody hidden looks like one after nobody', async (t) => {
  const { server, ana } = await setup(t)
  const after = async (id: string) => (await ask(server, `/users?after_id=${id}`, { token: ana.token })).text
  t.is(await after(server.admin.id), await after('00000000-0000-4000-8000-000000000000'))
})

test('what is wrong a hundred thousand times is said a hundred times', async (t) => {
  const { server, ana } = await setup(t)
  const checks = Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`k${i}`, 1]))
  const { status, text } = await ask(server, '/authcheck', { method: 'POST', token: ana.token, body: { checks } })
  t.is(status, 400)
  t.true(text.length < 20_000, `${text.length}`)
})

test('a stream ends when its user is suspended, without anything further', async (t) => {
  const { server, ana } = await setup(t)
  const { id } = await aWorkspace(server, ana, 'watched')
  const stream = await watch(server, id, ana.token)
  const reader = stream.body!.getReader()
  await reader.read()
  await server.client(suspendUser, { params: { user: ana.id } })
  const began = Date.now()
  let rest = ''
  for (let part = await reader.read(); !part.done; part = await reader.read())
    rest += Buffer.from(part.value).toString()
  t.true(Date.now() - began < 20_000)
  t.false(rest.includes('event: data'), rest)
})

test('a stream ends when the session that opened it ends, at the next thing that would be shown', async (t) => {
  const { server, ana } = await setup(t)
  const { id } = await aWorkspace(server, ana, 'watched')
  const { key } = await ana.client(createSessionKey, { params: me })
  const stream = await watch(server, id, key)
  const reader = stream.body!.getReader()
  await reader.read()
  t.is((await ask(server, '/users/logout', { method: 'POST', token: key })).status, 200)
  await server.db.query(sql.unsafe`select pg_notify('daybreak_workspace', ${id})`)
  t.true((await reader.read()).done)
})

test('one user opens only so many streams', async (t) => {
  const { server, ana } = await setup(t)
  const { id } = await aWorkspace(server, ana, 'watched')
  const open: Response[] = []
  for (let i = 0; i < MAX_STREAMS_EACH; i++) open.push(await watch(server, id, ana.token))
  t.deepEqual([...new Set(open.map(({ status }) => status))], [200])
  t.is((await watch(server, id, ana.token)).status, 429)
  t.is((await watch(server, id, server.token)).status, 200)
  for (const response of open) await response.body?.cancel()
})

test('tokens that nobody has are not looked up for ever, and those that exist work on', async (t) => {
  const { server, ana } = await setup(t, LIMITED)
  t.is((await ask(server, '/users/me', { token: ana.token })).status, 200)
  const statuses: number[] = []
  for (let i = 0; i < UNKNOWN_TOKENS.requests + 5; i++) {
    statuses.push((await ask(server, '/users/me', { token: newApiKey().text })).status)
  }
  t.is(statuses.indexOf(429), UNKNOWN_TOKENS.requests)
  t.deepEqual([...new Set(statuses)], [401, 429])
  t.is((await ask(server, '/users/me', { token: ana.token })).status, 200)
  t.is((await ask(server, '/users/me', { token: 'no token at all' })).status, 401)
})

test('an old password cannot be guessed with a session that was left open', async (t) => {
  const server = await startServer(t, LIMITED)
  const username = 'left-open'
  const body = { username, email: 'left@example.com', password: PASSWORD }
  await server.client(createUser, { body })
  const signedIn = await ask(server, '/users/login', { method: 'POST', token: '', body: { ...body, email: username } })
  const { session_token: token } = JSON.parse(signedIn.text) as { session_token: string }
  const guess = async (user: string) => {
    const wrong = { password: 'another long one', old_password: 'a guess' }
    return (await ask(server, `/users/${user}/password`, { method: 'PUT', token, body: wrong })).status
  }
  for (let i = 0; i < NEW_PASSWORDS.requests; i++) t.is(await guess(['me', username, 'LEFT-open'][i % 3]!), 400)
  t.is(await guess('me'), 429)
})

test('one user makes only so many keys, with however many of them', async (t) => {
  const { server, ana } = await setup(t, LIMITED)
  const path = '/users/me/keys'
  let token = ana.token
  for (let i = 0; i < NEW_KEYS.requests; i++) {
    const { text } = await ask(server, path, { method: 'POST', token })
    token = (JSON.parse(text) as { key: string }).key
  }
  t.is((await ask(server, path, { method: 'POST', token })).status, 429)
  t.is((await ask(server, `${path}/tokens`, { method: 'POST', token, body: {} })).status, 429)
})

test('who keeps users sets no password of somebody who became an owner while it was hashed', async (t) => {
  const { server, ana } = await setup(t)
  const keeper = await aPerson(server, { roles: ['user-admin'] })
  const body = { password: PASSWORD }
  const [{ status }] = await Promise.all([
    ask(server, `/users/${ana.id}/password`, { method: 'PUT', token: keeper.token, body }),
    server.client(setUserRoles, { params: { user: ana.id }, body: { roles: ['owner'] } }),
  ])
  const { hash } = (await server.db.one(sql.unsafe`
    select password_hash as hash from daybreak.users where id = ${ana.id}`)) as { hash: string | null }
  t.true(status === 204 ? hash !== null : status === 403 && hash === null, `${status}`)
})
