// Every route asked by every built-in role, in one organization, about things that belong to somebody else.
import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { ErrorBody } from '../../src/contract/errors.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { aFullWorld, existing, type FullWorld, mountedRoutes, type Route } from './everyRoute.ts'
import { aPerson } from './people.ts'
import { EXPECTED } from './routeExpectations.ts'
import { ROLE_COLUMNS, ROUTE_ROLES, type Verdict } from './routeRoles.ts'

const HIDDEN = /^(Resource not found or you do not have access to this resource|Template ".*" doesn't exist\.)$/
const keyOf = ({ method, path }: Route) => `${method} ${path}`

test('every route says here what each role is answered', async (t) => {
  const server = await startServer(t, { role: 'api' })
  t.deepEqual(Object.keys(ROUTE_ROLES).toSorted(), mountedRoutes(server).map(keyOf).toSorted())
})

for (const [column, role] of ROLE_COLUMNS.entries()) {
  test(`${role.name} is allowed what its roles allow, and nothing else`, async (t) => {
    const answers = await askAs(t, role)
    const wrong = answers.filter(({ key, verdict }) => ROUTE_ROLES[key]?.[column] !== verdict)
    t.deepEqual(
      wrong.map(({ key, verdict, status, message }) => `${key}: ${verdict} (${status} ${message})`),
      [],
    )
  })
}

test('the table of routes and roles', (t) => {
  const width = Math.max(...Object.keys(ROUTE_ROLES).map((key) => key.length))
  for (const [column, { name }] of ROLE_COLUMNS.entries()) t.log(`${' '.repeat(width + 2 + column)}┌ ${name}`)
  for (const [key, verdicts] of Object.entries(ROUTE_ROLES)) t.log(`${key.padEnd(width + 2)}${verdicts}`)
  t.true(Object.values(ROUTE_ROLES).every((verdicts) => verdicts.length === ROLE_COLUMNS.length))
})

type Answer = { key: string; verdict: Verdict; status: number; message: string }

async function askAs(t: ExecutionContext, { site, organization }: (typeof ROLE_COLUMNS)[number]): Promise<Answer[]> {
  const server = await startServer(t, { role: 'api' })
  const full = await aFullWorld(server)
  // Not the only owner there is: that one is protected in other ways.
  const target = await aPerson(server)
  const world = { ...full, ids: { ...full.ids, user: target.id } }
  const asker = await aPerson(server, { roles: [...site] })
  const roles = sql.array([...organization], 'text')
  await server.db.query(sql.unsafe`
    update daybreak.organization_members set roles = ${roles} where user_id = ${asker.id}`)
  const answers: Answer[] = []
  for (const route of inSafeOrder(mountedRoutes(server))) answers.push(await askOne(server, { route, world, asker }))
  return answers
}

/** What only looks comes first, and what removes comes last, from the leaves to the root; signing out ends it all. */
function inSafeOrder(routes: readonly Route[]): Route[] {
  const rank = ({ method, path }: Route): number => {
    if (path === '/users/logout') return 1_000
    if (method === 'GET') return 0
    return method === 'DELETE' ? 200 - path.length : 1
  }
  return routes.toSorted((a, b) => rank(a) - rank(b))
}

type Asking = { route: Route; world: FullWorld; asker: { token: string } }

async function askOne({ url }: TestServer, { route, world, asker }: Asking): Promise<Answer> {
  const key = keyOf(route)
  const body = EXPECTED[key]?.body?.(world)
  const response = await fetch(`${url}/api/v2${existing(route, world)}`, {
    method: route.method,
    headers: {
      'Coder-Session-Token': asker.token,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  })
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false
  if (isStream) await response.body?.cancel()
  const message = response.ok || isStream ? '' : ErrorBody.parse(await response.json()).message
  return { key, status: response.status, message, verdict: verdictOf(response.status, message) }
}

function verdictOf(status: number, message: string): Verdict {
  if (status === 401) return '·'
  if (status === 403) return 'n'
  return HIDDEN.test(message) ? 'h' : 'y'
}
