import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { COMMANDS, GROUPS } from '../../src/cli/commands.ts'
import { parseLink } from '../../src/cli/login.ts'
import { SERVER_COMMANDS } from '../../src/cli/main.ts'
import { runDaybreak, temporaryFolder } from './runDaybreak.ts'

/** For how errors are shown, not for what the API does. */
async function serve(t: ExecutionContext, listener: RequestListener): Promise<Record<string, string>> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { DAYBREAK_URL: `http://127.0.0.1:${port}`, DAYBREAK_TOKEN: 'abc' }
}

function refuse(status: number, body: object, headers: Record<string, string> = {}): RequestListener {
  return (_, response) => response.writeHead(status, headers).end(JSON.stringify(body))
}

test('help names every command, those of the server too', async (t) => {
  const { code, stdout, stderr } = await runDaybreak([])
  t.deepEqual([code, stderr], [0, ''])
  for (const { name } of [...COMMANDS, ...GROUPS, ...SERVER_COMMANDS]) t.regex(stdout, new RegExp(`^  ${name} `, 'm'))
})

for (const words of everyCommand()) {
  test(`daybreak ${words.join(' ')} --help has an example`, async (t) => {
    const { code, stdout } = await runDaybreak([...words, '--help'])
    t.is(code, 0)
    t.regex(stdout, new RegExp(`\nExamples:\n  daybreak ${words.join(' ')}`))
    for (const line of stdout.split('\n')) t.true(line.length <= 110, line)
  })
}

function everyCommand(): string[][] {
  const all = COMMANDS.map(({ name }) => [name])
  for (const { name, entries } of GROUPS) all.push([name], ...entries.map((entry) => [name, entry.name]))
  return all
}

test('a mistyped command gets the nearest one and exit code 2', async (t) => {
  const { code, stdout, stderr } = await runDaybreak(['workspaces', 'creat', 'mine'])
  t.deepEqual([code, stdout], [2, ''])
  t.is(stderr, "daybreak: unknown command 'creat'\n  (Did you mean create?)\n")
  t.is(
    (await runDaybreak(['templats', 'list'])).stderr,
    "daybreak: unknown command 'templats'\n  (Did you mean templates?)\n",
  )
})

test('wrong use is exit code 2 and one sentence', async (t) => {
  const wrong: [string[], RegExp][] = [
    [['workspaces', 'create'], /^daybreak: missing required argument 'name'/],
    [
      ['workspaces', 'create', 'mine', '--presets', 'x'],
      /^daybreak: unknown option '--presets'\n {2}\(Did you mean --preset/,
    ],
    [['workspaces', 'create', 'mine', '--parameter', 'x'], /^daybreak: "x" is not a parameter/],
    [['workspaces', 'create', 'mine', '--wait', 'soon'], /^daybreak: "soon" is not a duration/],
    [['workspaces', 'create', 'mine', '--wait', '31s'], /^daybreak: --wait is at most 30 s/],
    [
      ['workspaces', 'create', 'mine', '--no-pool', '--require-pool'],
      /^daybreak: Give either --no-pool or --require-pool/,
    ],
    [['workspaces', 'list', '--url', 'nowhere'], /^daybreak: "nowhere" is not an address of a server/],
    [['workspaces'], /^Usage: daybreak workspaces/],
    [
      ['login'],
      /^daybreak: There is no terminal here .*\n {2}Give a token with --token -, a one-time link with --link/,
    ],
  ]
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await runDaybreak(args)
    t.deepEqual([code, stdout], [2, ''], args.join(' '))
    t.regex(stderr, message)
  }
})

test('without a session exit code 3 says how to get one', async (t) => {
  const { code, stderr } = await runDaybreak(['whoami'])
  t.is(code, 3)
  t.regex(
    stderr,
    /^daybreak: You are not signed in\.\n {2}Start a server of your own with `daybreak up`, .*`daybreak login URL`\.\n/,
  )
})

test('an option alone is not taken for its opposite too', async (t) => {
  for (const option of ['--require-pool', '--no-pool', '--no-wait']) {
    t.is((await runDaybreak(['workspaces', 'create', 'mine', option])).code, 3, option)
  }
})

test('a session that ended is exit code 3 too', async (t) => {
  const env = await serve(t, refuse(401, { message: 'You are signed out.', detail: 'Sign in again.' }))
  const { code, stderr } = await runDaybreak(['whoami'], { env })
  t.is(code, 3)
  t.is(stderr, 'daybreak: You are signed out.\n  Sign in again. Sign in with `daybreak login`.\n')
})

test('an unreachable server is exit code 4', async (t) => {
  const env = { DAYBREAK_URL: 'http://127.0.0.1:9', DAYBREAK_TOKEN: 'abc' }
  const { code, stdout, stderr } = await runDaybreak(['workspaces', 'list', '--json'], { env })
  t.deepEqual([code, stdout], [4, ''])
  const { message, detail } = JSON.parse(stderr).error
  t.is(message, 'No server can be reached at http://127.0.0.1:9.')
  t.regex(detail, /That address comes from DAYBREAK_URL\./)
})

test('a refusal shows what is wrong field by field, and when to ask again', async (t) => {
  const validations = [{ field: 'name', detail: 'in use' }]
  const env = await serve(t, refuse(409, { message: 'No.', detail: 'Because.', validations }, { 'retry-after': '2' }))
  const people = await runDaybreak(['templates', 'list'], { env })
  t.is(people.code, 1)
  t.is(people.stderr, 'daybreak: No.\n  name: in use\n  Because. Try again in 2 s.\n')
  const programs = await runDaybreak(['templates', 'list', '--json'], { env })
  t.deepEqual(JSON.parse(programs.stderr), {
    error: { message: 'No.', detail: 'Because. Try again in 2 s.', validations, status: 409 },
  })
})

test('what is no server of ours is said to be none', async (t) => {
  const env = await serve(t, (_, response) => response.end('<html>'))
  const { code, stderr } = await runDaybreak(['templates', 'list'], { env })
  t.is(code, 1)
  t.regex(stderr, /is not what this version of daybreak understands/)
})

test('a folder that is no template is refused before the server is asked', async (t) => {
  const env = { DAYBREAK_URL: 'http://127.0.0.1:9', DAYBREAK_TOKEN: 'abc' }
  const folder = temporaryFolder(t)
  const { code, stderr } = await runDaybreak(['templates', 'push', folder], { env })
  t.is(code, 1)
  t.regex(stderr, /has no file daybreak\.yaml/)
})

test('a deletion that nobody can confirm needs --yes', async (t) => {
  const home = temporaryFolder(t)
  mkdirSync(path.join(home, '.config/daybreak'), { recursive: true })
  const { workspace } = await import('./workspace.ts')
  let asked = ''
  const env = await serve(t, (request, response) => {
    asked += request.method
    response.end(JSON.stringify(workspace({})))
  })
  writeFileSync(
    path.join(home, '.config/daybreak/config.json'),
    JSON.stringify({ url: env.DAYBREAK_URL, token: 'abc' }),
  )
  const { code, stderr } = await runDaybreak(['workspaces', 'delete', 'web'], { env: { HOME: home } })
  t.deepEqual([code, asked], [2, 'GET'])
  t.regex(stderr, /^daybreak: Delete ana\/web and all that is in it\? There is nobody here to ask\.\n {2}Say --yes/)
})

test('the token is found in a link of any form', (t) => {
  const url = 'http://127.0.0.1:7080'
  for (const link of [`${url}/sign-in?token=a-b`, `${url}/login#token=a-b`, `${url}/login/a-b`, `${url}/#a-b`]) {
    t.deepEqual(parseLink(link), { url, token: 'a-b' }, link)
  }
  t.deepEqual(parseLink('a-b'), { url: undefined, token: 'a-b' })
  t.throws(() => parseLink(url), { message: /no token in this link/ })
})

test('Ctrl-C ends a command at once with exit code 130', async (t) => {
  const asked = Promise.withResolvers<void>()
  const env = await serve(t, (_, response) => {
    response.end('[]')
    asked.resolve()
  })
  const controller = new AbortController()
  const ran = runDaybreak(['prebuilds', 'list', '--watch'], { env, interrupt: controller.signal })
  await asked.promise
  controller.abort()
  const { code, stderr } = await ran
  t.deepEqual([code, stderr], [130, 'daybreak: Interrupted.\n'])
})
