import test from 'ava'
import { getAuthMethods, getUser } from '../../src/contract/users.ts'
import { createClient } from '../../src/contract/client.ts'
import { openPending, type Pending, sealPending } from '../../src/oidc/pending.ts'
import { type Browser, newBrowser } from '../oidc/browser.ts'
import { startProvider } from '../oidc/provider.ts'
import { startServer } from '../support/server.ts'
import { accounts, messageOf, setup, somebody, type World } from '../oidc/setup.ts'

const NOT_THE_ANSWER = 'This is not the answer to a sign-in that this browser began.'

/** As far as the provider sends the browser back: where to, and what the browser keeps until then. */
async function untilCallback({ provider, loginUrl, callbackUrl }: World, browser = newBrowser()) {
  provider.whoIs(somebody('alice'))
  const { location } = await browser.go(loginUrl, (place) => place.startsWith(callbackUrl))
  const cookie = browser.cookies.find(({ name }) => name === 'daybreak_oidc')!
  return { browser, callback: new URL(location!), cookie }
}

function reseal({ server }: World, cookie: Browser['cookies'][number], change: Partial<Pending>): void {
  const { sealer } = server.context
  const pending = openPending(sealer, { provider: 'acme', cookie: cookie.value, now: Date.now() })!
  cookie.value = sealPending(sealer, { provider: 'acme', pending: { ...pending, ...change } })
}

test('somebody signs up, is signed in, and is the same person the next time', async (t) => {
  const { server, provider, signIn } = await setup(t)
  const first = await signIn(somebody('alice'))
  t.is(first.status, 200, first.text)
  t.is(first.url, `${server.url}/healthz`)
  const me = await createClient(server.url, first.session)(getUser, { params: { user: 'me' } })
  t.like(me, { username: 'alice', email: 'alice@example.com', name: 'The alice', login_type: 'oidc', roles: [] })
  t.is(me.organization_ids.length, 1)
  const again = await signIn(somebody('alice', { preferred_username: 'other', email: 'new@example.com' }))
  t.is(again.status, 200)
  t.not(again.session, first.session)
  t.like(await accounts(server), [{ id: me.id, username: 'alice', linkedId: `${provider.issuer}|alice` }])
  t.is((await accounts(server)).length, 1)
})

test('the provider is asked with PKCE, state and nonce, and the cookies are for this server alone', async (t) => {
  const world = await setup(t)
  const browser = newBrowser()
  const { status, location, headers } = await browser.ask(`${world.loginUrl}?redirect=/healthz`)
  t.is(status, 303)
  const query = Object.fromEntries(new URL(location!).searchParams)
  t.like(query, { response_type: 'code', code_challenge_method: 'S256', redirect_uri: world.callbackUrl })
  t.is(query.scope, 'openid profile email')
  for (const secret of [query.state, query.nonce, query.code_challenge]) t.regex(secret!, /^[\w-]{43}$/)
  t.is(headers.get('referrer-policy'), 'no-referrer')
  const [{ line, value } = { line: '', value: '' }] = browser.cookies
  const path = '/api/v2/users/oidc/acme/callback'
  t.regex(line, new RegExp(`Max-Age=600; Path=${path};.*HttpOnly; SameSite=Lax`))
  t.false(Buffer.from(value, 'base64url').toString('latin1').includes(query.state!))
  const { callback } = await untilCallback(world, browser)
  const answer = await browser.ask(callback.href)
  t.like(answer, { status: 303, location: `${world.server.url}/`, text: '' })
  t.deepEqual(
    browser.cookies.filter(({ host }) => host === callback.host).map(({ name }) => name),
    ['coder_session_token'],
  )
  t.regex(browser.cookies.find(({ name }) => name === 'coder_session_token')!.line, /Path=\/;.*HttpOnly; SameSite=Lax/)
})

test('behind https the cookies are kept to https', async (t) => {
  const { issuer } = await startProvider(t, { redirectUris: ['https://daybreak.example/'] })
  const acme = { id: 'acme', name: 'Acme', issuer, client_id: 'x', client_secret: 'x', allow_signups: true }
  const DAYBREAK_OIDC = JSON.stringify([{ ...acme, claims_source: 'none' }])
  const env = { DAYBREAK_OIDC, DAYBREAK_ACCESS_URL: 'https://daybreak.example' }
  const { place } = await startServer(t, { role: 'api', env })
  const { headers, location } = await newBrowser().ask(`http://127.0.0.1:${place.port}/api/v2/users/oidc/acme/login`)
  t.regex(headers.get('set-cookie')!, /; HttpOnly; Secure; SameSite=Lax$/)
  const callback = 'https://daybreak.example/api/v2/users/oidc/acme/callback'
  t.is(new URL(location!).searchParams.get('redirect_uri'), callback)
})

test('a callback that no sign-in of this browser waits for signs nobody in', async (t) => {
  const world = await setup(t)
  const victim = newBrowser()
  const { callback } = await untilCallback(world)
  const stranger = await victim.ask(callback.href)
  t.is(stranger.status, 401)
  t.is(messageOf(stranger), NOT_THE_ANSWER)
  // Nor while it waits for another.
  await victim.ask(world.loginUrl)
  t.is(messageOf(await victim.ask(callback.href)), NOT_THE_ANSWER)
  t.deepEqual(
    victim.cookies.map(({ name }) => name),
    ['daybreak_oidc'],
  )
  t.deepEqual(await accounts(world.server), [])
})

test('a state that is wrong, missing or doubled is refused, and the right answer still counts', async (t) => {
  const world = await setup(t)
  const { browser, callback } = await untilCallback(world)
  const changed = (change: (query: URLSearchParams) => void) => {
    const url = new URL(callback)
    change(url.searchParams)
    return url.href
  }
  for (const url of [
    changed((query) => query.set('state', 'x'.repeat(43))),
    changed((query) => query.delete('state')),
    changed((query) => query.append('state', query.get('state')!)),
  ]) {
    t.is(messageOf(await browser.ask(url)), NOT_THE_ANSWER, url)
  }
  t.is((await browser.ask(callback.href)).status, 303)
})

test('an answer with another issuer, nonce, verifier or code is refused', async (t) => {
  const world = await setup(t)
  const changes: Record<string, (of: Awaited<ReturnType<typeof untilCallback>>) => void> = {
    issuer: ({ callback }) => callback.searchParams.set('iss', 'https://evil.example'),
    'missing issuer': ({ callback }) => callback.searchParams.delete('iss'),
    nonce: ({ cookie }) => reseal(world, cookie, { nonce: 'x'.repeat(43) }),
    verifier: ({ cookie }) => reseal(world, cookie, { verifier: 'x'.repeat(43) }),
    code: ({ callback }) => callback.searchParams.set('code', 'x'.repeat(43)),
    'missing code': ({ callback }) => callback.searchParams.delete('code'),
    'two codes': ({ callback }) => callback.searchParams.append('code', 'x'),
  }
  for (const [what, change] of Object.entries(changes)) {
    const began = await untilCallback(world)
    change(began)
    const answer = await began.browser.ask(began.callback.href)
    t.is(answer.status, 401, `${what}: ${answer.text}`)
    t.false(answer.text.includes('evil'), what)
    t.is(
      began.browser.cookies.find(({ name }) => name === 'coder_session_token'),
      undefined,
      what,
    )
  }
  t.deepEqual(await accounts(world.server), [])
})

test('a callback works once', async (t) => {
  const world = await setup(t)
  const { browser, callback, cookie } = await untilCallback(world)
  t.is((await browser.ask(callback.href)).status, 303)
  t.is(messageOf(await browser.ask(callback.href)), NOT_THE_ANSWER)
  // Even for whoever has kept the cookie.
  const thief = newBrowser()
  thief.cookies.push(cookie)
  const replayed = await thief.ask(callback.href)
  t.like(replayed, { status: 401 })
  t.is(messageOf(replayed), 'This sign-in was used already, or took too long.')
  t.is((await accounts(world.server)).length, 1)
})

test('a cookie that is too old, changed, or of another provider opens nothing', async (t) => {
  const world = await setup(t, {}, [{ id: 'other' }])
  const { sealer } = world.server.context
  const value = (text: string) => (cookie: Browser['cookies'][number]) => (cookie.value = text)
  const changes: ((cookie: Browser['cookies'][number]) => unknown)[] = [
    (cookie) => reseal(world, cookie, { expiresAt: Date.now() - 1 }),
    (cookie) =>
      (cookie.value = `${cookie.value.slice(0, 40)}${cookie.value[40] === 'A' ? 'B' : 'A'}${cookie.value.slice(41)}`),
    (cookie) => {
      const pending = openPending(sealer, { provider: 'acme', cookie: cookie.value, now: Date.now() })!
      cookie.value = sealPending(sealer, { provider: 'other', pending })
    },
    value(''),
    value('x'),
    value('%00'),
    value(sealer.seal('{}', { table: 'cookie', column: 'oidc', row: 'acme' }).toString('base64url')),
  ]
  for (const change of changes) {
    const { browser, callback, cookie } = await untilCallback(world)
    change(cookie)
    t.is(messageOf(await browser.ask(callback.href)), NOT_THE_ANSWER, String(change))
  }
})

test('nobody is sent to another server', async (t) => {
  const world = await setup(t)
  for (const place of ['https://evil.example', '//evil.example', '/\\evil.example', '/x/..//evil.example', '\n/x']) {
    const answer = await newBrowser().ask(`${world.loginUrl}?redirect=${encodeURIComponent(place)}`)
    t.is(answer.status, 400, place)
    t.is(answer.location, null, place)
  }
  t.is((await newBrowser().ask(`${world.loginUrl}?redirect=/a&redirect=/b`)).status, 400)
  t.is((await world.signIn(somebody('alice'), { redirect: '/healthz?a=b#c' })).url, `${world.server.url}/healthz?a=b#c`)
})

test('whom the provider refuses is told so, without its words', async (t) => {
  const { signIn, server } = await setup(t)
  const refused = await signIn(null)
  t.is(refused.status, 401)
  t.is(refused.message, 'Acme did not sign you in (access_denied).')
  t.false(refused.text.includes('refused'))
  t.deepEqual(await accounts(server), [])
})

test('a provider that nobody configured does not exist', async (t) => {
  const { server } = await setup(t)
  for (const step of ['login', 'callback']) {
    t.is((await fetch(`${server.url}/api/v2/users/oidc/nobody/${step}`)).status, 404)
    t.is((await fetch(`${server.url}/api/v2/users/oidc/__proto__/${step}`)).status, 404)
  }
})

test('programs are told which providers there are', async (t) => {
  const { server } = await setup(t, {}, [{ id: 'other', name: 'Other' }])
  const { oidc } = await createClient(server.url)(getAuthMethods, {})
  t.like(oidc, { enabled: true, signInText: 'Acme' })
  t.deepEqual(
    oidc.providers.map(({ name, loginUrl }) => [name, loginUrl]),
    [
      ['Acme', '/api/v2/users/oidc/acme/login'],
      ['Other', '/api/v2/users/oidc/other/login'],
    ],
  )
})

test('several providers sign in several people, each under its own name', async (t) => {
  const { signIn, server } = await setup(t, {}, [{ id: 'other', name: 'Other', username_claim: 'name' }])
  t.is((await signIn(somebody('alice'))).status, 200)
  t.is((await signIn(somebody('bob'), { id: 'other' })).status, 200)
  t.deepEqual(
    (await accounts(server)).map(({ username }) => username),
    ['alice', 'The-bob'],
  )
})
