// What happens to every request, whatever it asks for.
import { randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'
import test from 'ava'
import { sql } from 'slonik'
import { createLog } from '../../src/log.ts'
import { startServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { aFullWorld } from './everyRoute.ts'
import { aPerson } from './people.ts'

type Line = { level: number; msg: string; route?: string; requestId?: string; [key: string]: unknown }

function capture() {
  const text: string[] = []
  const log = createLog('debug', new Writable({ write: (chunk, _, done) => (text.push(String(chunk)), done()) }))
  const lines = () =>
    text
      .join('')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line)
  return { log, text: () => text.join(''), lines }
}

/** The one line of a request, once it is written. */
async function lineOf(lines: () => Line[], requestId: string): Promise<Line> {
  const found = await until(
    () => lines().filter((line) => line.requestId === requestId && 'status' in line),
    ({ length }) => length > 0,
  )
  if (found.length > 1) throw new Error(`${found.length} lines for one request`)
  return found[0]!
}

test('every answer carries the id of its request: the one it came with if that is sane, else a new one', async (t) => {
  const { url } = await startServer(t, { role: 'api' })
  const idOf = async (given: string | undefined, path = '/api/v2/buildinfo') => {
    const response = await fetch(url + path, given === undefined ? {} : { headers: { 'x-request-id': given } })
    return response.headers.get('x-request-id')!
  }
  for (const sane of [randomUUID(), 'trace-0123456789', 'Root=1-67891233-abcdef012345678912345678']) {
    t.is(await idOf(sane), sane)
  }
  for (const odd of [undefined, 'short', 'x'.repeat(129), '{"level":60}', 'a b c d e f g', '-leading-dash']) {
    const id = await idOf(odd)
    t.regex(id, /^[0-9a-f-]{36}$/)
    t.not(id, odd)
  }
  for (const path of ['/', '/healthz', '/api/v2/nothing', '/nothing'])
    t.is(await idOf('one-and-only', path), 'one-and-only')
})

test('a request leaves one line with its route, status, id and actor, and nothing secret', async (t) => {
  const { log, text, lines } = capture()
  const server = await startServer(t, { role: 'api', log })
  const { ids, agentToken } = await aFullWorld(server)
  const { id: actorId, token } = await aPerson(server)
  const ask = async (path: string, init: RequestInit = {}) => {
    const requestId = randomUUID()
    const headers = { ...(init.headers as Record<string, string>), 'x-request-id': requestId }
    await (await fetch(server.url + path, { ...init, headers })).text()
    return await lineOf(lines, requestId)
  }
  const asked = await ask(`/api/v2/workspaces/${ids.workspace}?access_token=${token}`)
  t.like(asked, { level: 30, method: 'GET', route: '/api/v2/workspaces/:workspace', status: 404, actorId })
  t.is(typeof asked.ms, 'number')
  t.like(await ask('/api/v2/users/me', { headers: { cookie: `coder_session_token=${token}` } }), {
    status: 200,
    actorId,
  })
  t.like(await ask('/api/v2/users/me', { headers: { authorization: `Bearer ${token}` } }), { status: 200 })
  t.like(await ask(`/sign-in?token=${token}`), { route: '/sign-in', status: 401 })
  const manifest = await ask('/api/v2/workspaceagents/me/manifest', { headers: { 'coder-session-token': agentToken } })
  t.like(manifest, { route: '/api/v2/workspaceagents/me/manifest', status: 200, agentId: ids.agent })
  const beat = { method: 'POST', headers: { 'coder-session-token': agentToken } }
  t.like(await ask('/api/v2/workspaceagents/me/heartbeat', beat), { level: 20, status: 204 })
  t.like(await ask('/healthz'), { level: 20, route: '/healthz', status: 200 })
  t.like(await ask(`/api/v2/unknown/${token}`), { level: 30, route: 'unmatched', status: 404 })
  const body = JSON.stringify({ token })
  const json = { 'content-type': 'application/json' }
  t.like(await ask('/api/v2/users/login/link', { method: 'POST', headers: json, body }), { status: 401 })
  for (const secret of [token, token.slice(11), agentToken, server.token]) t.false(text().includes(secret))
})

test('what goes wrong deep inside a request is logged with its id', async (t) => {
  const { log, lines } = capture()
  const server = await startServer(t, { role: 'api', log })
  await server.db.query(sql.unsafe`alter table daybreak.organizations rename column icon to icon_of_old`)
  const requestId = randomUUID()
  const headers = { 'x-request-id': requestId, 'coder-session-token': server.token }
  const body = '{"checks":{}}'
  const response = await fetch(`${server.url}/api/v2/organizations`, { headers })
  t.is(response.status, 500)
  t.like(await lineOf(lines, requestId), { level: 50, status: 500, route: '/api/v2/organizations' })
  const failed = lines().find(({ err }) => err !== undefined)
  t.is(failed?.requestId, requestId)
  const posted = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body }
  t.is((await fetch(`${server.url}/api/v2/authcheck`, posted)).status, 200)
})

test('a stream leaves its line when it ends, and says that its client went', async (t) => {
  const { log, lines } = capture()
  const server = await startServer(t, { role: 'api', log })
  const { ids } = await aFullWorld(server)
  const requestId = randomUUID()
  const headers = { 'x-request-id': requestId, 'coder-session-token': server.token }
  const aborter = new AbortController()
  const url = `${server.url}/api/v2/workspaces/${ids.workspace}/watch`
  const response = await fetch(url, { headers, signal: aborter.signal })
  await response.body!.getReader().read()
  t.false(lines().some((line) => line.requestId === requestId))
  aborter.abort()
  t.like(await lineOf(lines, requestId), {
    status: 200,
    aborted: true,
    actorId: server.admin.id,
    route: '/api/v2/workspaces/:workspace/watch',
  })
})

test('a session cookie changes things only from pages of this server', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { token } = await aPerson(server)
  const body = '{"checks":{}}'
  const post = async (headers: Record<string, string>, query = '') => {
    const cookie = `coder_session_token=${token}`
    const sent = { 'content-type': 'application/json', cookie, ...headers }
    const response = await fetch(`${server.url}/api/v2/authcheck${query}`, { method: 'POST', headers: sent, body })
    return { status: response.status, text: await response.text() }
  }
  for (const ours of [
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'same-origin', origin: 'https://elsewhere.example' },
    { origin: server.url },
    { origin: server.url.replace('http:', 'https:') }, // behind a proxy that keeps the host
    { 'coder-session-token': token },
    { 'coder-session-token': token, 'sec-fetch-site': 'cross-site' },
    { authorization: `Bearer ${token}`, origin: 'null' },
  ]) {
    t.is((await post(ours)).status, 200, JSON.stringify(ours))
  }
  for (const theirs of [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'cross-site', origin: server.url },
    { origin: 'https://elsewhere.example' },
    { origin: 'null' },
    { authorization: 'Basic eDp5' },
    { 'coder-session-token': '' },
  ]) {
    const { status, text } = await post(theirs)
    t.is(status, 403, JSON.stringify(theirs))
    t.regex(text, /asked for by another site/)
  }
  t.is((await post({ 'sec-fetch-site': 'cross-site' }, `?access_token=${token}`)).status, 403)
  // Reading changes nothing, and without a session there is nothing to abuse.
  const read = { cookie: `coder_session_token=${token}`, 'sec-fetch-site': 'cross-site' }
  t.is((await fetch(`${server.url}/api/v2/users/me`, { headers: read })).status, 200)
  t.is((await post({ cookie: 'other=1', 'sec-fetch-site': 'cross-site' })).status, 401)
  t.is((await post({ cookie: 'other=1' }, `?access_token=${token}`)).status, 200)
})

test('an agent is no browser: wherever its token stands, no page is asked for', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { agentToken } = await aFullWorld(server)
  const headers = { cookie: `coder_session_token=${agentToken}` }
  const response = await fetch(`${server.url}/api/v2/workspaceagents/me/heartbeat`, { method: 'POST', headers })
  t.is(response.status, 204)
})

test('templates and versions are sent again only when they changed, and only to who may see them', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { ids, names } = await aFullWorld(server)
  const get = async (path: string, headers: Record<string, string> = {}) => {
    // Without this, fetch asks for a reload when it is given an ETag.
    const asked = { 'cache-control': 'max-age=0', 'coder-session-token': server.token, ...headers }
    return await fetch(`${server.url}/api/v2${path}`, { headers: asked })
  }
  for (const path of [
    '/templates',
    `/templates/${ids.template}`,
    `/organizations/default/templates/${names.template}`,
    `/templateversions/${ids.templateversion}`,
    `/templateversions/${ids.templateversion}/presets`,
    `/templates/${ids.template}/versions`,
  ]) {
    const first = await get(path)
    t.is(first.headers.get('cache-control'), 'private, no-cache', path)
    const etag = first.headers.get('etag')!
    const again = await get(path, { 'if-none-match': etag })
    t.is(again.status, 304, path)
    t.is(await again.text(), '')
    t.is((await get(path, { 'if-none-match': etag, 'coder-session-token': '' })).status, 401, path)
  }
  const template = `/templates/${ids.template}`
  const before = (await get(template)).headers.get('etag')!
  await server.db.query(sql.unsafe`update daybreak.templates set description = 'new' where id = ${ids.template}`)
  const changed = await get(template, { 'if-none-match': before })
  t.is(changed.status, 200)
  t.not(changed.headers.get('etag'), before)
  const people = await get('/users/me')
  t.is(people.headers.get('cache-control'), 'no-store')
  t.is(people.headers.get('etag'), null)
})
