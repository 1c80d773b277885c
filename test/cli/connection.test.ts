import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { readEnvironment } from '../../src/cli/config.ts'
import { findConnection, normaliseUrl, readUserFile, userFile } from '../../src/cli/connection.ts'
import { forgetCredentials, storeCredentials } from '../../src/cli/credentials.ts'
import { temporaryFolder } from './runDaybreak.ts'

function write(file: string, value: unknown): void {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(value))
}

type Place = 'user' | 'here' | 'up'

function setup(t: ExecutionContext, stored: Partial<Record<Place, { url: string; token: string }>> = {}) {
  const home = temporaryFolder(t)
  const cwd = path.join(home, 'clone', 'deep', 'er')
  const upHome = path.join(home, 'elsewhere')
  mkdirSync(cwd, { recursive: true })
  if (stored.user) write(path.join(home, '.config/daybreak/config.json'), stored.user)
  if (stored.here) write(path.join(cwd, '.daybreak/cli.json'), stored.here)
  if (stored.up) {
    write(path.join(home, '.config/daybreak/up-homes.json'), { [path.join(home, 'clone')]: upHome, '/': '/nowhere' })
    write(path.join(upHome, 'cli.json'), stored.up)
  }
  return { ...readEnvironment({ HOME: home }), cwd }
}

const at = (name: string) => ({ url: `https://${name}.example`, token: `${name}-token` })
const seen = (connection: ReturnType<typeof findConnection>) => connection && [connection.url, connection.token]

test('each place is asked in turn: flags, the environment, login, this folder, the home of up', (t) => {
  const environment = setup(t, { user: at('user'), here: at('here'), up: at('up') })
  const fromEnvironment = { ...environment, ...at('env') }
  t.deepEqual(seen(findConnection(at('flag'), fromEnvironment)), ['https://flag.example', 'flag-token'])
  t.deepEqual(seen(findConnection({}, fromEnvironment)), ['https://env.example', 'env-token'])
  t.deepEqual(seen(findConnection({}, environment)), ['https://user.example', 'user-token'])
  t.deepEqual(seen(findConnection({}, setup(t, { here: at('here'), up: at('up') }))), [
    'https://here.example',
    'here-token',
  ])
  t.deepEqual(seen(findConnection({}, setup(t, { up: at('up') }))), ['https://up.example', 'up-token'])
  t.is(findConnection({}, setup(t)), undefined)
})

test('the home of up is found from any folder below the clone, and not from beside it', (t) => {
  const environment = setup(t, { up: at('up') })
  t.is(findConnection({}, { ...environment, cwd: path.join(environment.home, 'clone') })?.token, 'up-token')
  t.is(findConnection({}, { ...environment, cwd: path.join(environment.home, 'clone-2') }), undefined)
})

test('a stored token goes only to the server that it was stored with', (t) => {
  const environment = setup(t, { user: at('user'), here: at('here') })
  t.deepEqual(seen(findConnection({ url: 'https://here.example/' }, environment)), [
    'https://here.example',
    'here-token',
  ])
  t.deepEqual(seen(findConnection({ url: 'https://other.example' }, environment)), ['https://other.example', undefined])
  t.is(findConnection({ url: 'http://user.example' }, environment)?.token, undefined)
  t.is(findConnection({ url: 'https://other.example' }, { ...environment, ...at('env') })?.token, undefined)
})

test('a token alone is for the server in use', (t) => {
  const environment = setup(t, { user: at('user') })
  t.deepEqual(seen(findConnection({ token: 'mine' }, environment)), ['https://user.example', 'mine'])
  t.deepEqual(seen(findConnection({}, { ...environment, token: 'mine' })), ['https://user.example', 'mine'])
})

test('addresses are brought into the form that the client wants', (t) => {
  t.is(normaliseUrl('https://a.example/'), 'https://a.example')
  t.is(normaliseUrl('https://a.example/base/api/v2/'), 'https://a.example/base')
  for (const wrong of ['a.example', 'localhost:7080', 'ftp://a.example', '']) {
    t.throws(() => normaliseUrl(wrong), { message: /is not an address of a server/ }, wrong)
  }
})

test('a damaged file is named, not passed over', (t) => {
  const environment = setup(t, { user: at('user') })
  writeFileSync(userFile(environment), '{"url": 1')
  t.throws(() => findConnection({}, environment), { message: `${userFile(environment)} is damaged.` })
})

test('credentials are readable by nobody else, replaced whole, and leave no drafts', (t) => {
  const environment = setup(t)
  const file = userFile(environment)
  storeCredentials(file, at('one'))
  storeCredentials(file, at('two'))
  t.is(statSync(file).mode & 0o777, 0o600)
  t.is(statSync(path.dirname(file)).mode & 0o777, 0o700)
  t.deepEqual(JSON.parse(readFileSync(file, 'utf8')), at('two'))
  t.is(readUserFile(environment)?.token, 'two-token')
  forgetCredentials(file)
  t.is(readUserFile(environment), undefined)
})
