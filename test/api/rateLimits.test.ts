import test from 'ava'
import { ErrorBody } from '../../src/contract/errors.ts'
import { ANYTHING, GUESSES, SIGN_INS, UPLOADS, WORKSPACES } from '../../src/api/frame/rateLimits.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { aFullWorld } from './everyRoute.ts'
import { aPerson } from './people.ts'

const LIMITED = { role: 'api', env: { DAYBREAK_RATE_LIMITS: 'on' } } as const

type Sent = { path: string; token?: string; body?: string; type?: string; headers?: Record<string, string> }

async function post({ url }: TestServer, { path, token, body = '{}', type = 'application/json', headers = {} }: Sent) {
  const known: Record<string, string> = token === undefined ? {} : { 'coder-session-token': token }
  const init = { method: 'POST', headers: { 'content-type': type, ...known, ...headers }, body }
  const response = await fetch(`${url}/api/v2${path}`, init)
  return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await response.text() }
}

/** How many of these are not answered 429, and the first that is. */
async function untilLimited(ask: () => ReturnType<typeof post>, atMost: number) {
  for (let passed = 0; passed <= atMost; passed++) {
    const answer = await ask()
    if (answer.status === 429) return { passed, answer }
  }
  throw new Error(`${atMost} were not too many`)
}

test('sign-ins from one address are limited, and the refusal says when to try again', async (t) => {
  const server = await startServer(t, LIMITED)
  const link = { path: '/users/login/link', body: '{"token":"x"}' }
  const { passed, answer } = await untilLimited(() => post(server, link), SIGN_INS.requests)
  t.is(passed, SIGN_INS.requests)
  const seconds = Number(answer.retryAfter)
  t.true(seconds >= 1 && seconds <= SIGN_INS.windowMs / 1000)
  const error = ErrorBody.parse(JSON.parse(answer.text))
  t.is(error.message, 'Too many sign-ins from this address.')
  t.regex(error.detail!, /At most 30 in a minute\. Try again in \d+ s\./)
  t.is((await fetch(`${server.url}/sign-in?token=x`)).status, 429)
  t.is((await fetch(`${server.url}/api/v2/buildinfo`)).status, 200)
})

test('an account that somebody guesses at is closed to further guesses, from whatever address', async (t) => {
  const server = await startServer(t, { ...LIMITED, env: { ...LIMITED.env, DAYBREAK_PROXY_HOPS: '1' } })
  let address = 1
  const guess = (email: string) =>
    post(server, {
      path: '/users/login',
      body: JSON.stringify({ email, password: 'guess' }),
      headers: { 'x-forwarded-for': `192.0.2.${address++}` },
    })
  const { passed, answer } = await untilLimited(() => guess('Admin@example.com'), GUESSES.requests)
  t.is(passed, GUESSES.requests)
  t.regex(answer.text, /Too many failed sign-ins to this account/)
  t.is((await guess(' admin@EXAMPLE.com ')).status, 429)
  t.not((await guess('somebody.else@example.com')).status, 429)
})

test('an address is that of the client only where a proxy is configured to say it', async (t) => {
  const server = await startServer(t, LIMITED)
  let forged = 1
  const ask = () =>
    post(server, {
      path: '/users/login/link',
      body: '{"token":"x"}',
      headers: { 'x-forwarded-for': `192.0.2.${forged++}` },
    })
  t.is((await untilLimited(ask, SIGN_INS.requests)).passed, SIGN_INS.requests)
})

test('uploads and new workspaces are limited by key, and other keys are not touched', async (t) => {
  const server = await startServer(t, LIMITED)
  const [one, other] = [await aPerson(server), await aPerson(server)]
  const upload = (token: string) => () => post(server, { path: '/files', token, type: 'application/x-tar', body: '' })
  t.is((await untilLimited(upload(one.token), UPLOADS.requests)).passed, UPLOADS.requests)
  t.not((await upload(other.token)()).status, 429)
  const create = (token: string) => () => post(server, { path: '/users/me/workspaces', token })
  const { passed, answer } = await untilLimited(create(one.token), WORKSPACES.requests)
  t.is(passed, WORKSPACES.requests)
  t.regex(answer.text, /Too many new workspaces/)
  t.not((await create(other.token)()).status, 429)
  t.not((await create('AAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAA')()).status, 429)
})

test('a key that asks for anything too often is told so, and nobody else', async (t) => {
  const server = await startServer(t, LIMITED)
  const [one, other] = [await aPerson(server), await aPerson(server)]
  const ask = async (token: string) => {
    const response = await fetch(`${server.url}/api/v2/experiments`, { headers: { 'coder-session-token': token } })
    await response.body?.cancel()
    return response.status
  }
  const statuses: number[] = []
  while (statuses.length < ANYTHING.requests) {
    statuses.push(...(await Promise.all(Array.from({ length: 20 }, () => ask(one.token)))))
  }
  t.deepEqual([...new Set(statuses)], [200])
  t.is(await ask(one.token), 429)
  t.is(await ask(other.token), 200)
})

test('agents report as often as they must', async (t) => {
  const server = await startServer(t, LIMITED)
  const { agentToken: token } = await aFullWorld(server)
  const statuses = new Set<number>()
  for (let i = 0; i < 100; i++) {
    const beats = Array.from({ length: 15 }, () => post(server, { path: '/workspaceagents/me/heartbeat', token }))
    for (const { status } of await Promise.all(beats)) statuses.add(status)
  }
  t.deepEqual([...statuses], [204])
})

test('without limits, as in tests, nothing is counted', async (t) => {
  const server = await startServer(t, { role: 'api' })
  for (let i = 0; i < SIGN_INS.requests + 5; i++) {
    t.is((await post(server, { path: '/users/login/link', body: '{"token":"x"}' })).status, 401)
  }
})
