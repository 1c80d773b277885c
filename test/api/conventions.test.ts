import http from 'node:http'
import { text as readText } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { ErrorBody } from '../../src/contract/errors.ts'
import { getUser } from '../../src/contract/users.ts'
import { VERSION } from '../../src/version.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { aFullWorld, contractEndpoints, existing, type FullWorld, mountedRoutes, type Route } from './everyRoute.ts'
import { anOrganization, aPerson } from './people.ts'
import { EXPECTED, type Expected } from './routeExpectations.ts'

type Asked = { method?: string; path: string; body?: unknown; headers?: Record<string, string> }

/** What every answer of the API has, whatever it is. */
async function ask(t: ExecutionContext, { url }: TestServer, { method = 'GET', path, body, headers = {} }: Asked) {
  const sent = typeof body === 'string' ? body : JSON.stringify(body)
  const json: Record<string, string> = sent === undefined ? {} : { 'content-type': 'application/json' }
  const init = { method, headers: { ...json, ...headers }, ...(sent === undefined ? {} : { body: sent }) }
  const response = await fetch(`${url}/api/v2${path}`, init)
  const text = await response.text()
  t.is(response.headers.get('x-coder-build-version'), VERSION, `${method} ${path}`)
  t.regex(response.headers.get('cache-control')!, /^(no-store|private, no-cache)$/, `${method} ${path}`)
  const error = response.ok ? undefined : ErrorBody.parse(JSON.parse(text))
  return { status: response.status, text, error }
}

const signed = (token: string) => ({ 'Coder-Session-Token': token })
const keyOf = ({ method, path }: Route) => `${method} ${path}`

/** Asks every route about things that exist; `expect` says which status is right. */
async function askAll(
  t: ExecutionContext,
  server: TestServer,
  asked: { headers?: Record<string, string>; world: FullWorld },
) {
  const { headers = {}, world } = asked
  const answers = []
  for (const route of mountedRoutes(server)) {
    const key = keyOf(route)
    const { body } = EXPECTED[key] ?? {}
    const path = existing(route, world)
    const request = { method: route.method, path, headers, ...(body ? { body: body(world) } : {}) }
    answers.push({ key, ...(await ask(t, server, request)) })
  }
  return answers
}

const withoutTokens = ({ anonymous = 401 }: Expected) => anonymous

test('every route has a stated expectation here, and every expectation a route', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const mounted = mountedRoutes(server).map(keyOf)
  t.deepEqual(mounted.toSorted(), Object.keys(EXPECTED).toSorted())
  for (const endpoint of await contractEndpoints()) t.true(mounted.includes(keyOf(endpoint)), keyOf(endpoint))
})

test('without a token, or with one that means nothing, only what is public answers', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aFullWorld(server)
  const garbage = ['x', 'x'.repeat(33), `${server.token.slice(0, 11)}${'a'.repeat(22)}`, '%00', crypto.randomUUID()]
  for (const headers of [{}, ...garbage.map(signed)]) {
    for (const { key, status, error } of await askAll(t, server, { headers, world })) {
      t.is(status, withoutTokens(EXPECTED[key]!), key)
      if (status === 401) t.truthy(error?.message && error.detail, key)
    }
  }
})

test('somebody of another organization is told nothing of what exists', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aFullWorld(server)
  const secrets = [...Object.values(world.ids), 'treasure', world.names.template]
  const organizationId = await anOrganization(server)
  const seen = new Set<string>()
  for (const route of mountedRoutes(server)) {
    const { token } = await aPerson(server, { organizationId }) // one of them signs out
    const { body } = EXPECTED[keyOf(route)]!
    const path = existing(route, world)
    const asked = { method: route.method, path, headers: signed(token), ...(body ? { body: body(world) } : {}) }
    const { status, text, error } = await ask(t, server, asked)
    t.is(status, EXPECTED[keyOf(route)]!.stranger, keyOf(route))
    for (const secret of secrets) t.false(text.includes(secret), `${keyOf(route)} tells ${secret}`)
    if (status === 404) seen.add(error!.message)
  }
  t.deepEqual([...seen], ['Resource not found or you do not have access to this resource'])
})

test('an account that is suspended, deleted or whose key has ended is signed out everywhere', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aFullWorld(server)
  const ends = {
    suspended: (id: string) => sql.unsafe`update daybreak.users set status = 'suspended' where id = ${id}`,
    deleted: (id: string) => sql.unsafe`update daybreak.users set deleted_at = now() where id = ${id}`,
    ended: (id: string) =>
      sql.unsafe`update daybreak.api_keys set expires_at = created_at + interval '1 microsecond' where user_id = ${id}`,
  }
  for (const [how, end] of Object.entries(ends)) {
    const { id, token } = await aPerson(server, { roles: ['owner'] })
    await server.db.query(end(id))
    for (const { key, status } of await askAll(t, server, { headers: signed(token), world })) {
      t.is(status, withoutTokens(EXPECTED[key]!), `${how}: ${key}`)
    }
  }
})

test('a token is taken from header, cookie, query and bearer, and the cookie is looked at first', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { token, username } = await aPerson(server)
  const whom = async (asked: Omit<Asked, 'path'>, query = '') => {
    const { status, text } = await ask(t, server, { path: `/users/me${query}`, ...asked })
    return status === 200 ? getUser.reply.parse(JSON.parse(text)).username : status
  }
  const cookie = { cookie: `a=b; coder_session_token=${token}; c=d` }
  t.is(await whom({ headers: signed(token) }), username)
  t.is(await whom({ headers: cookie }), username)
  t.is(await whom({ headers: { authorization: `Bearer ${token}` } }), username)
  t.is(await whom({}, `?coder_session_token=${token}`), username)
  t.is(await whom({}, `?access_token=${token}`), username)
  t.is(await whom({ headers: { ...cookie, ...signed(server.token) } }), username)
  t.is(await whom({ headers: signed(server.token) }, `?coder_session_token=${token}`), username)
  t.is(await whom({ headers: { ...signed(server.token), authorization: `Bearer ${token}` } }), 'admin')
  t.is(await whom({ headers: { ...signed('x'), authorization: `Bearer ${token}` } }), username)
  t.is(await whom({}, `?access_token=${token}&access_token=${token}`), 401)
})

test('a path with a malformed id says which', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aFullWorld(server)
  let tried = 0
  for (const endpoint of await contractEndpoints()) {
    for (const [name, shape] of Object.entries(endpoint.params?.shape ?? {})) {
      if (shape.safeParse('x').success) continue
      const path = existing({ ...endpoint, path: endpoint.path.replace(`:${name}`, 'not-an-id') }, world)
      const { status, error } = await ask(t, server, { method: endpoint.method, path, headers: signed(server.token) })
      t.like({ status, error }, { status: 400, error: { message: 'Invalid UUID "not-an-id".' } }, path)
      tried++
    }
  }
  t.true(tried > 10)
})

test('a body that is no JSON, too large or of the wrong form is refused, field by field', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aFullWorld(server)
  const headers = signed(server.token)
  for (const endpoint of await contractEndpoints()) {
    if (!endpoint.body) continue
    const asked = { method: endpoint.method, path: existing(endpoint, world), headers }
    for (const body of ['{"name": ', 'x', '"text"', '12', '{"a":1}{']) {
      const { status, error } = await ask(t, server, { ...asked, body })
      t.like({ status, error }, { status: 400, error: { message: 'Request body must be valid JSON.' } }, asked.path)
    }
    const large = await ask(t, server, { ...asked, body: { x: 'x'.repeat(1024 * 1024) } })
    t.is(large.status, 413, asked.path)
    for (const body of [[], {}]) {
      if (endpoint.body.safeParse(body).success) continue // where nothing is needed
      const { status, error } = await ask(t, server, { ...asked, body })
      t.like({ status, error }, { status: 400, error: { message: 'Validation failed.' } }, asked.path)
      t.true(error!.validations!.length > 0, asked.path)
    }
  }
  const path = existing({ method: 'POST', path: '/organizations/:organization/templates' }, world)
  const { error } = await ask(t, server, {
    method: 'POST',
    path,
    headers,
    body: { name: 'a b', template_version_id: 1 },
  })
  t.deepEqual(
    error!.validations!.map(({ field }) => field),
    ['name', 'template_version_id'],
  )
})

test('a query of the wrong form is refused, and an unknown path is no route', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const headers = signed(server.token)
  for (const query of [
    'limit=x',
    'limit=-1',
    'limit=1001',
    'limit=1&limit=2',
    'offset=1e99',
    'q=a&q=b',
    'q=%00',
    'q=colour:red',
    'q=a/b/c',
  ]) {
    const { status, error } = await ask(t, server, { path: `/workspaces?${query}`, headers })
    t.is(status, 400, query)
    t.true(error!.validations!.length > 0, query)
  }
  for (const path of ['/nothing', '/users/me/nothing', '/workspaces/x/y/z']) {
    t.like(await ask(t, server, { path, headers }), { status: 404, error: { message: 'Route not found.' } })
    t.is((await ask(t, server, { method: 'DELETE', path })).status, 404)
  }
  const outside = await fetch(`${server.url}/nothing`)
  t.is(outside.status, 404)
})

test('whoever balances load is told OK without a token', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const response = await fetch(`${server.url}/healthz`)
  t.is(response.status, 200)
  t.is(await response.text(), 'OK')
})

test('a header that comes twice, or is huge, is no error of ours', async (t) => {
  const { url, token } = await startServer(t, { role: 'api' })
  const status = async (headers: http.OutgoingHttpHeaders | string[], body = '') => {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>()
    const method = body === '' ? 'GET' : 'POST'
    http
      .request(`${url}/api/v2/users/me${body && '/workspaces'}`, { method, headers }, resolve)
      .on('error', reject)
      .end(body)
    const response = await promise
    await readText(response)
    return response.statusCode
  }
  const one = { 'coder-session-token': token }
  const json = { ...one, 'content-type': 'application/json' }
  t.is(await status(one), 200)
  t.is(await status({ 'coder-session-token': [token, token] }), 401)
  t.is(await status(['host', 'x', 'authorization', `Bearer ${token}`, 'authorization', 'Bearer x']), 200)
  t.is(await status({ cookie: [`coder_session_token=${token}`, 'coder_session_token=x'] }), 200)
  t.is(await status({ ...json, 'idempotency-key': ['a', 'b'] }, '{}'), 400)
  t.is(await status({ ...json, 'content-encoding': 'rot13' }, '{}'), 400)
  t.is(await status({ ...json, 'content-type': 'application/json; charset=ebcdic' }, '{}'), 400)
  t.is(await status({ ...json, 'content-encoding': 'gzip' }, '{}'), 400)
  t.is(await status({ ...one, 'x-long': 'x'.repeat(20_000) }), 431)
})
