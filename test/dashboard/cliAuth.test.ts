import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { setPassword } from '../../sql/users.sql.ts'
import { passwords } from '../../src/password.ts'
import { startServer } from '../support/server.ts'
import { runDaybreak, temporaryFolder } from '../cli/runDaybreak.ts'
import { openPage, type Page } from './page.ts'

const HERE = { 'Sec-Fetch-Site': 'same-origin', Accept: 'text/html' }
const PASSWORD = 'correct horse battery'

type Post = { cookie?: string; headers?: Record<string, string>; form?: Record<string, string> }

const post = async (url: string, { cookie, headers = HERE, form = {} }: Post = {}) =>
  await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...headers, ...(cookie === undefined ? {} : { cookie }) },
    body: new URLSearchParams(form),
  })

const tokenIn = (text: string): string => /<code>(\w{10}-\w{22})<\/code>/.exec(text)?.[1] ?? ''

const withPassword = async ({ db, world }: Page): Promise<void> => {
  await db.query(sql.unsafe`update daybreak.users set login_type = 'password' where id = ${world.adminId}`)
  await setPassword(db, { id: world.adminId, passwordHash: await passwords.hash(PASSWORD) })
}

const nameOf = async ({ db, world }: Page): Promise<string> =>
  await db.oneFirst(
    sql.type(z.object({ username: z.string() }))`select username from daybreak.users where id = ${world.adminId}`,
  )

const cookiesOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .join('; ')

test('a token for the command line is made by a button, shown once, and nowhere else', async (t) => {
  const page = await openPage(t)
  const cookie = await page.signIn(page.world.adminId)
  const offer = await page.get('/cli-auth', { cookie })
  t.is(offer.status, 200)
  t.regex(offer.headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self'/)
  t.is(tokenIn(await offer.text()), '')

  const made = await post(`${page.url}/cli-auth`, { cookie })
  t.deepEqual([made.status, made.headers.get('cache-control'), made.headers.get('location')], [200, 'no-store', null])
  t.deepEqual(made.headers.getSetCookie(), [])
  const token = tokenIn(await made.text())
  const me = await fetch(`${page.url}/api/v2/users/me`, { headers: { 'Coder-Session-Token': token } })
  t.is(me.status, 200)
  t.is(tokenIn(await (await page.get('/cli-auth', { cookie })).text()), '')

  const Row = z.object({ action: z.string(), targetName: z.string(), text: z.string(), seconds: z.number() })
  const row = await page.db.one(sql.type(Row)`
    select l.action, l.target_name, row_to_json(l)::text as text, k.lifetime_seconds as seconds
    from daybreak.audit_log l join daybreak.api_keys k on k.id = l.target_id`)
  t.deepEqual([row.action, row.targetName, row.seconds], ['create', 'cli', 7 * 86_400])
  t.false(row.text.includes(token.split('-')[1] ?? '-'))
})

test('only this page, in a browser that is signed in, makes a token', async (t) => {
  const page = await openPage(t)
  const cookie = await page.signIn(page.world.adminId)
  const url = `${page.url}/cli-auth`
  for (const headers of [{}, { Origin: 'https://elsewhere.example.com' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
    t.is((await post(url, { cookie, headers })).status, 403, JSON.stringify(headers))
  }
  t.is((await post(url)).status, 401)
  const token = cookie.split('=')[1] ?? ''
  t.is((await page.get(`/cli-auth?coder_session_token=${token}`, { cookie: null })).status, 401)
  t.is((await post(url, { headers: { ...HERE, 'Coder-Session-Token': token } })).status, 401)
  t.is(await page.db.oneFirst(sql.type(z.object({ n: z.number() }))`select count(*)::int n from daybreak.api_keys`), 2)
})

test('signing in by password or link leads back to the page that asked for it', async (t) => {
  const page = await openPage(t)
  await withPassword(page)
  const asked = await page.get('/cli-auth', { cookie: null })
  t.is(asked.status, 401)
  t.regex(await asked.text(), /<form method="post" action="\/sign-in"/)
  const cookie = cookiesOf(asked)
  t.is(cookie, 'daybreak_return=%2Fcli-auth')
  const form = { email: await nameOf(page), password: PASSWORD }
  const byPassword = await post(`${page.url}/sign-in`, { cookie, form })
  t.deepEqual([byPassword.status, byPassword.headers.get('location')], [303, '/cli-auth'])
  t.is((await page.get('/cli-auth', { cookie: cookiesOf(byPassword) })).status, 200)
  const byLink = await page.get(`/sign-in?token=${await page.aLink(page.world.adminId)}`, { cookie })
  t.is(byLink.headers.get('location'), '/cli-auth')
  for (const other of ['%2F%2Fevil.example', '/cli-auth/..', '%', '%2F']) {
    const strange = await post(`${page.url}/sign-in`, { cookie: `daybreak_return=${other}`, form })
    t.is(strange.headers.get('location'), '/', other)
  }
  const plain = await page.get('/', { cookie: null })
  t.regex(plain.headers.get('set-cookie') ?? '', /daybreak_return=;.*1970/)
})

test('a wrong password and an unknown name get the same page, and no session', async (t) => {
  const page = await openPage(t)
  await withPassword(page)
  const answers: string[] = []
  for (const email of [await nameOf(page), 'nobody']) {
    const response = await post(`${page.url}/sign-in`, { form: { email, password: 'wrong' } })
    t.deepEqual([response.status, response.headers.getSetCookie()], [401, []])
    answers.push(await response.text())
  }
  t.regex(answers[0] ?? '', /role="alert">Incorrect email or password\./)
  t.is(answers[0], answers[1])
  const elsewhere = await post(`${page.url}/sign-in`, {
    form: { email: await nameOf(page), password: PASSWORD },
    headers: { Origin: 'https://elsewhere.example.com' },
  })
  t.is(elsewhere.status, 403)
})

test('guesses at one account are limited on the page as in the API', async (t) => {
  const page = await openPage(t, { env: { DAYBREAK_RATE_LIMITS: 'on' } })
  const form = { email: 'somebody', password: 'wrong' }
  const statuses: number[] = []
  for (let i = 0; i < 11; i++) statuses.push((await post(`${page.url}/sign-in`, { form })).status)
  t.deepEqual(statuses, [...Array.from({ length: 10 }, () => 401), 429])
  const limited = await post(`${page.url}/sign-in`, { form })
  t.regex(limited.headers.get('retry-after') ?? '', /^\d+$/)
  t.regex(await limited.text(), /role="alert">Too many failed sign-ins to this account/)
})

test('from the page to the command line, and out again', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const made = await post(`${server.url}/cli-auth`, { cookie: `coder_session_token=${server.token}` })
  const token = tokenIn(await made.text())
  const env = { HOME: temporaryFolder(t) }
  const login = async (input: string) => await runDaybreak(['login', server.url, '--browser'], { env, input })
  const nothing = await login('\n')
  t.is(nothing.code, 2)
  t.regex(nothing.stderr, /No token was pasted/)
  const wrong = await login(`${token}x\n`)
  t.is(wrong.code, 3)
  t.regex(wrong.stderr, /does not know this token/)
  const { code, stdout, stderr } = await login(`${token}\n`)
  t.deepEqual([code, stdout], [0, `Signed in at ${server.url} as admin.\n`], stderr)
  t.true(stderr.includes(`  ${server.url}/cli-auth\n`))
  t.false(stderr.includes(token))
  t.is((await runDaybreak(['whoami'], { env })).code, 0)
  t.is((await runDaybreak(['logout'], { env })).code, 0)
  t.is((await runDaybreak(['whoami'], { env })).code, 3)
})
