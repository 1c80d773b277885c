import test from 'ava'
import { getUser } from '../../src/contract/users.ts'
import { createClient } from '../../src/contract/client.ts'
import { accounts, setup, somebody } from '../oidc/setup.ts'

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
