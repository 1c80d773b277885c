import test from 'ava'
import { setup, somebody } from '../oidc/setup.ts'

const asBrowser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

test('who is signed out is offered every provider, and no markup of their names', async (t) => {
  const { server } = await setup(t, { name: 'Acme & <b>Sons</b>' }, [{ id: 'other', name: 'Other' }])
  const text = await (await fetch(server.url)).text()
  t.true(text.includes('href="/api/v2/users/oidc/acme/login">Sign in with Acme &amp; &lt;b&gt;Sons&lt;/b&gt;</a>'))
  t.true(text.includes('href="/api/v2/users/oidc/other/login">Sign in with Other</a>'))
  const forTheCommandLine = await (await fetch(`${server.url}/cli-auth`)).text()
  t.true(forTheCommandLine.includes('href="/api/v2/users/oidc/other/login?redirect=%2Fcli-auth">'))
})

test('a sign-in that failed is explained on a page to people, and in JSON to programs', async (t) => {
  const { server, callbackUrl, loginUrl, provider } = await setup(t)
  const failed = await fetch(`${callbackUrl}?state=x&code=y`, { headers: asBrowser })
  t.is(failed.status, 401)
  t.regex(failed.headers.get('content-type')!, /text\/html/)
  t.regex(failed.headers.get('content-security-policy')!, /default-src 'none'/)
  t.regex(await failed.text(), /role="alert">This is not the answer to a sign-in .* Sign in again from the start/)
  const program = await fetch(`${callbackUrl}?state=x&code=y`)
  t.regex(program.headers.get('content-type')!, /application\/json/)
  await provider.stop()
  const down = await fetch(loginUrl, { headers: asBrowser })
  t.is(down.status, 503)
  t.is(down.headers.get('retry-after'), '10')
  t.regex(await down.text(), /Acme does not answer at the moment/)
  // Elsewhere nothing changes, even for browsers.
  const api = await fetch(`${server.url}/api/v2/users/me`, { headers: asBrowser })
  t.regex(api.headers.get('content-type')!, /application\/json/)
})

test('a refused account reads why', async (t) => {
  const { signIn } = await setup(t, { allow_signups: false })
  const { message } = await signIn(somebody('alice'))
  t.is(message, 'Nobody can sign up with Acme here.')
})
