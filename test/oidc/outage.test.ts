import test from 'ava'
import { ClientError } from 'openid-client'
import { describeFailure } from '../../src/oidc/refusals.ts'
import { newBrowser } from './browser.ts'
import { accounts, setup, somebody } from './setup.ts'

test('a provider that is down is named, with when to try again, and comes back by itself', async (t) => {
  const { provider, loginUrl, signIn } = await setup(t)
  provider.intercept = (_request, response) => {
    response.destroy()
    return true
  }
  const down = await newBrowser().ask(loginUrl)
  t.is(down.status, 503)
  t.is(down.headers.get('retry-after'), '10')
  t.regex(down.text, /Acme does not answer at the moment/)
  t.is(provider.asked.length, 2) // once more, then no further
  provider.intercept = undefined
  t.is((await signIn(somebody('alice'))).status, 200)
})

test('one that fails between the two redirects is named as well, and signs nobody in', async (t) => {
  for (const [path, status, body, message] of [
    ['/token', 500, 'oops', /does not answer/],
    ['/token', 401, '{"error":"invalid_client"}', /does not accept this server/],
    ['/token', 200, '<html>', /does not answer|could not be verified/],
    ['/jwks', 503, '', /does not answer/],
    ['/me', 502, '', /does not answer/],
    ['/me', 200, '{"sub":"somebody else"}', /could not be verified/],
    ['/me', 200, `{"sub":"alice","x":"${'x'.repeat(2 ** 20)}"}`, /does not answer/],
    ['/token', 200, '{"access_token":"x","token_type":"Bearer"}', /could not be verified/],
  ] as const) {
    const { provider, server, signIn } = await setup(t)
    provider.intercept = ({ url = '' }, response) => {
      if (new URL(url, provider.issuer).pathname !== path) return false
      const type = body.startsWith('{') ? 'application/json' : 'text/html'
      response.writeHead(status, { 'content-type': type }).end(body)
      return true
    }
    const failed = await signIn(somebody('alice'))
    const what = `${path} ${status} ${body.slice(0, 50)}`
    t.true(failed.status === 503 || failed.status === 401, `${what}: ${failed.status}`)
    t.is(failed.headers.get('retry-after'), failed.status === 503 ? '10' : null, what)
    t.regex(failed.message ?? '', message, what)
    t.deepEqual(await accounts(server), [], what)
  }
})

test('one that says to be somebody else, or leads to plain http, is not asked further', async (t) => {
  const metadata = { issuer: 'https://evil.example' }
  for (const change of [metadata, { token_endpoint: 'http://evil.example/token' }, { jwks_uri: undefined }]) {
    const { provider, loginUrl, signIn, server } = await setup(t)
    const real = (await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json()) as object
    provider.intercept = ({ url = '' }, response) => {
      if (!url.startsWith('/.well-known/')) return false
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...real, ...change }))
      return true
    }
    const { status } = 'token_endpoint' in change ? await signIn(somebody('alice')) : await newBrowser().ask(loginUrl)
    t.true(status === 401 || status === 503, JSON.stringify(change))
    t.deepEqual(await accounts(server), [])
  }
})

test('the log is told what kind of failure it was, and nothing that could be about a person', (t) => {
  const cause = t.throws(() => JSON.parse('{"email": alice@example.com'))
  const parsing = Object.assign(new ClientError('parsing error occured', { cause }), { code: 'OAUTH_PARSE_ERROR' })
  t.is(describeFailure(parsing), 'ClientError OAUTH_PARSE_ERROR: parsing error occured (SyntaxError)')
  const claims = new ClientError('unexpected claim', { cause: { claims: { email: 'alice@example.com' } } })
  t.is(describeFailure(claims), 'ClientError: unexpected claim')
  for (const odd of [undefined, 'alice', { message: 'alice' }]) t.is(describeFailure(odd), 'unknown')
})
