import test, { type ExecutionContext } from 'ava'
import { createUser } from '../../src/contract/users.ts'
import { parseLifetime } from '../../src/cli/tokens/create.ts'
import { startServer } from '../support/server.ts'
import { runDaybreak, temporaryFolder } from './runDaybreak.ts'

const PASSWORD = 'correct horse battery'
const OTHER = 'staple of another kind'

async function setup(t: ExecutionContext) {
  const server = await startServer(t, { role: 'api' })
  const env = { DAYBREAK_URL: server.url, DAYBREAK_TOKEN: server.token }
  const pipe = async (input: string, ...args: string[]) => await runDaybreak(args, { env, input })
  const run = async (...args: string[]) => await pipe('', ...args)
  const runJson = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout)
  return { server, run, runJson, pipe }
}

test('from an account to a sign-in by password and out again, by the command line alone', async (t) => {
  const { server, run, pipe } = await setup(t)
  const made = await pipe(`${PASSWORD}\n`, 'users', 'create', 'ana', '--email', 'ana@example.com', '--password', '-')
  t.deepEqual([made.code, made.stdout], [0, 'ana can sign in now.\n'], made.stderr)
  t.regex((await run('users', 'list')).stdout, /^ana +ana@example\.com +active +password +never$/m)

  const env = { HOME: temporaryFolder(t) }
  const asAna = async (...args: string[]) => await runDaybreak(args, { env, input: `${PASSWORD}\n` })
  const signedIn = await asAna('login', server.url, '--username', 'ana', '--password', '-')
  t.deepEqual([signedIn.code, signedIn.stdout], [0, `Signed in at ${server.url} as ana.\n`], signedIn.stderr)
  t.regex((await asAna('whoami')).stdout, /^User +ana$/m)
  t.is((await run('users', 'suspend', 'ana')).stdout, 'ana is out: sessions and tokens no longer work.\n')
  t.is((await asAna('whoami')).code, 3)
  const suspended = await asAna('login', server.url, '--username', 'ana', '--password', '-')
  t.is(suspended.code, 3)
  t.regex(suspended.stderr, /suspended/)
  t.is((await run('users', 'activate', 'ana')).stdout, 'ana can sign in again.\n')
  t.is((await asAna('whoami')).code, 0)
  t.is((await asAna('logout')).code, 0)
  t.is((await run('users', 'delete', 'ana', '--yes')).stdout, 'Deleted ana.\n')
  t.is((await run('users', 'show', 'ana')).code, 1)
})

test('a password is never taken from the command line, and nobody is asked where nobody is', async (t) => {
  const { server, run } = await setup(t)
  const create = ['users', 'create', 'ana', '--email', 'ana@example.com']
  for (const args of [
    [...create, '--password', PASSWORD],
    create,
    ['login', server.url, '--username', 'ana', '--password', PASSWORD],
    ['login', server.url, '--username', 'ana'],
    ['login', server.url, '--username', 'ana', '--link', 'x'],
  ]) {
    const { code, stdout } = await run(...args)
    t.deepEqual([code, stdout], [2, ''], args.join(' '))
  }
  t.is((await run(...create, '--password', '-')).code, 2)
  t.is((await run(...create, '--no-password')).stdout, 'ana can be given tokens now.\n')
})

test('roles are shown, added, taken and set', async (t) => {
  const { server, run, runJson } = await setup(t)
  await server.client(createUser, { body: { username: 'ana', email: 'ana@x.de', login_type: 'none' } })
  const shown = await run('users', 'roles', 'ana')
  t.deepEqual([shown.stdout, shown.stderr], ['member\n', 'You may give: owner, template-admin, user-admin, auditor.\n'])
  t.is((await run('users', 'roles', 'ana', '--add', 'auditor', 'user-admin')).code, 0)
  t.deepEqual((await runJson('users', 'roles', 'ana')).roles, ['auditor', 'user-admin'])
  const taken = await run('users', 'roles', 'ana', '--remove', 'auditor')
  t.is(taken.stdout, 'ana has the roles: user-admin.\n')
  t.is((await run('users', 'roles', 'ana', '--set', 'template-admin,auditor')).code, 0)
  t.regex((await run('users', 'show', 'ana')).stdout, /^Roles +auditor, template-admin$/m)
  t.is((await run('users', 'roles', 'ana', '--set', '')).stdout, 'ana has the roles: member.\n')
  t.is((await run('users', 'roles', 'ana', '--set', '', '--add', 'auditor')).code, 2)
  const unknown = await run('users', 'roles', 'ana', '--add', 'king')
  t.is(unknown.code, 1)
  t.regex(unknown.stderr, /There is no role "king"/)
})

test('an admin gives himself a password, and changes it with the old one', async (t) => {
  const { pipe } = await setup(t)
  const set = async (input: string) => (await pipe(input, 'users', 'password', '--password', '-')).code
  t.is(await set(PASSWORD), 0)
  t.is(await set(OTHER), 1)
  t.is(await set(`${OTHER}\n${PASSWORD}\n`), 0)
})

test('a token is printed once, alone, and ends by its name', async (t) => {
  const { server, run, runJson } = await setup(t)
  const { stdout: key, stderr } = await run('tokens', 'create', 'ci', '--lifetime', '90d', '--scope', 'user:read')
  t.regex(key, /^\w{10}-\w{22}\n$/)
  t.regex(stderr, /not shown again/)
  const env = { DAYBREAK_URL: server.url, DAYBREAK_TOKEN: key.trim() }
  t.is((await runDaybreak(['whoami'], { env })).code, 0)
  t.is((await runDaybreak(['tokens', 'create', 'more'], { env })).code, 1)
  t.like(
    (await runJson('tokens', 'list')).find((one: { token_name: string }) => one.token_name === 'ci'),
    { lifetime_seconds: 90 * 86_400, scopes: ['user:read'] },
  )
  t.regex((await run('tokens', 'list')).stdout, /^ci +\w{10} +user:read +\*:\* +\d+s ago +\d{4}-\d\d-\d\d$/m)
  t.is((await run('tokens', 'delete', 'ci', 'nothing')).code, 1)
  t.is((await run('tokens', 'delete', 'CI')).stdout, 'Ended ci.\n')
  t.is((await runDaybreak(['whoami'], { env })).code, 3)
})

test('a lifetime is in days too', (t) => {
  t.deepEqual(['90d', '12h', '90s'].map(parseLifetime), [90 * 86_400, 43_200, 90])
  t.throws(() => parseLifetime('d'))
})
