import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { aReadyPrebuild, aUser } from '../support/factories.ts'
import { openPage, type Page } from './page.ts'

const post = async ({ url }: Page, cookie: string, headers: Record<string, string>) =>
  await fetch(`${url}/sign-out`, { method: 'POST', redirect: 'manual', headers: { cookie, ...headers } })

test('without a session there is no data, but how to get one', async (t) => {
  const page = await openPage(t, { preset: { instances: 1 } })
  await aReadyPrebuild(page.db, page.world)
  const response = await page.get('/', { cookie: null })
  const text = await response.text()
  t.is(response.status, 401)
  t.regex(text, /one-time link/)
  t.regex(text, /daybreak login/)
  t.notRegex(text, /warm|\bt-\w{8}|prebuild-|admin/)
  const events = await page.get('/events', { cookie: 'coder_session_token=0123456789-0123456789012345678901' })
  t.is(events.status, 401)
  t.is(await events.text(), '')
})

test('a link signs in once, with a cookie that scripts and other sites cannot use', async (t) => {
  const page = await openPage(t)
  const path = `/sign-in?token=${await page.aLink(page.world.adminId)}`
  const first = await page.get(path, { cookie: null })
  t.is(first.status, 303)
  t.is(first.headers.get('location'), '/')
  const cookie = first.headers.get('set-cookie') ?? ''
  for (const flag of [/; HttpOnly/, /; SameSite=Lax/, /; Path=\//, /; Max-Age=604800/]) t.regex(cookie, flag)
  t.notRegex(cookie, /Secure/) // this server is reached by plain http
  const session = cookie.split(';')[0] ?? ''
  t.regex(await (await page.get('/', { cookie: session })).text(), /Sign out/)

  const again = await page.get(path, { cookie: null })
  t.is(again.status, 401)
  t.is(again.headers.get('set-cookie'), null)
  t.regex(await again.text(), /was used already or is older than 15 minutes/)
  t.is(
    (await page.get(path, { cookie: session })).status,
    303,
    'in the browser that it signed in it only leads to the page',
  )
})

test('a link that never was signs nobody in', async (t) => {
  const page = await openPage(t)
  for (const path of ['/sign-in', '/sign-in?token=', '/sign-in?token=%3Cb%3E', '/sign-in?token=a&token=b']) {
    t.is((await page.get(path, { cookie: null })).status, 401, path)
  }
})

test('the cookie of a server on https travels by https only', async (t) => {
  const page = await openPage(t, { env: { DAYBREAK_ACCESS_URL: 'https://daybreak.example.com' } })
  const response = await page.get(`/sign-in?token=${await page.aLink(page.world.adminId)}`, { cookie: null })
  t.regex(response.headers.get('set-cookie') ?? '', /; Secure/)
})

test('signing out ends the session and takes the cookie away', async (t) => {
  const page = await openPage(t)
  const cookie = await page.signIn(page.world.adminId)
  const response = await post(page, cookie, { 'Sec-Fetch-Site': 'same-origin' })
  t.is(response.status, 303)
  t.regex(response.headers.get('set-cookie') ?? '', /coder_session_token=;.*Expires=Thu, 01 Jan 1970/)
  t.is((await page.get('/', { cookie })).status, 401)
})

test('the log says who signed in and out, from where, and keeps no link', async (t) => {
  const page = await openPage(t)
  const link = await page.aLink(page.world.adminId)
  const signedIn = await page.get(`/sign-in?token=${link}`, { cookie: null })
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const here = { 'Sec-Fetch-Site': 'same-origin' }
  t.is((await post(page, cookie, here)).status, 303)
  t.is((await post(page, cookie, here)).status, 303, 'nobody is signed in any more')
  const Row = z.object({ action: z.string(), actorId: z.guid().nullable(), text: z.string() })
  const rows = await page.db.any(sql.type(Row)`
    select action, actor_id, row_to_json(l)::text as text from daybreak.audit_log l order by id`)
  const { adminId } = page.world
  t.deepEqual(
    rows.map(({ action, actorId }) => [action, actorId]),
    [
      ['login', adminId],
      ['logout', adminId],
    ],
  )
  for (const { text } of rows) {
    t.regex(text, /"address":"127\.0\.0\.1"/)
    for (const secret of [link, cookie.split('=')[1] ?? '']) t.false(text.includes(secret))
  }
})

test('only this page may sign out', async (t) => {
  const page = await openPage(t)
  const cookie = await page.signIn(page.world.adminId)
  const refused: Record<string, string>[] = [
    {},
    { Origin: 'null' },
    { Origin: 'https://elsewhere.example.com' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site', Origin: page.url },
  ]
  for (const headers of refused) t.is((await post(page, cookie, headers)).status, 403, JSON.stringify(headers))
  t.is((await page.get('/', { cookie })).status, 200)
  t.is((await post(page, cookie, { Origin: page.url })).status, 303, 'a browser without Sec-Fetch-Site')
})

test('pages allow nothing but what this server serves, and are stored nowhere', async (t) => {
  const page = await openPage(t)
  const { headers } = await page.get('/')
  t.regex(headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self'; style-src 'self'/)
  t.is(headers.get('cache-control'), 'no-store')
  const reload = { 'Cache-Control': 'max-age=0' } // else fetch asks for a full answer
  for (const file of ['live.js', 'page.css', 'content.css', 'signIn.css', 'icon.svg']) {
    const response = await page.get(`/dashboard/${file}`, { cookie: null })
    const etag = response.headers.get('etag') ?? ''
    t.is(response.status, 200, file)
    t.regex(response.headers.get('content-type') ?? '', /^(text\/(javascript|css)|image\/svg\+xml)/)
    const repeated = await page.get(`/dashboard/${file}`, {
      cookie: null,
      headers: { 'If-None-Match': etag, ...reload },
    })
    t.is(repeated.status, 304, file)
  }
})

test('members see the pools of their organizations, not what is in them', async (t) => {
  const page = await openPage(t, { preset: { instances: 1 } })
  await aReadyPrebuild(page.db, page.world)
  const cookie = await page.signIn(await aUser(page.db, page.world.organizationId, 'member'))
  const text = await (await page.get('/', { cookie })).text()
  t.regex(text, /<article id="pool-/)
  t.notRegex(text, /id="prebuild-[0-9a-f]/)
  t.regex(await (await page.get('/')).text(), /id="prebuild-[0-9a-f]/, 'the admin sees what is in the pool')
})
