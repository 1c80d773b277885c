// A server that signs people in with a provider of the test's own.
import net from 'node:net'
import type { ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { startServer, type TestServer } from '../support/server.ts'
import { type Answer, type Browser, newBrowser } from './browser.ts'
import { type Person, startProvider, type TestProvider } from './provider.ts'

export type Settings = Record<string, unknown>

export type World = {
  server: TestServer
  provider: TestProvider
  loginUrl: string
  callbackUrl: string
  /** Begins in a new browser unless told which, and ends where nothing redirects any more. */
  signIn(person: Person | null, options?: { browser?: Browser; redirect?: string; id?: string }): Promise<Outcome>
}
export type Outcome = Answer & { browser: Browser; session: string | undefined; message: string | undefined }

/** `acme` with the given settings; more of them beside it, each on the same provider unless it says otherwise. */
export async function setup(t: ExecutionContext, settings: Settings = {}, others: Settings[] = []): Promise<World> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const ids = ['acme', ...others.map(({ id }) => String(id))]
  const callback = (id: string) => `${origin}/api/v2/users/oidc/${id}/callback`
  const provider = await startProvider(t, { redirectUris: ids.map(callback) })
  const base = {
    name: 'Acme',
    issuer: provider.issuer,
    client_id: provider.clientId,
    client_secret: provider.clientSecret,
    allow_signups: true,
    claims_source: 'user_info',
  }
  const oidc = [{ ...base, id: 'acme', ...settings }, ...others.map((other) => ({ ...base, ...other }))]
  const env = { DAYBREAK_OIDC: JSON.stringify(oidc), DAYBREAK_LISTEN: `127.0.0.1:${port}`, DAYBREAK_RATE_LIMITS: 'off' }
  const server = await startServer(t, { role: 'api', env })
  const loginUrl = `${origin}/api/v2/users/oidc/acme/login`
  return {
    server,
    provider,
    loginUrl,
    callbackUrl: callback('acme'),
    async signIn(person, { browser = newBrowser(), redirect = '/healthz', id = 'acme' } = {}) {
      provider.whoIs(person)
      const query = new URLSearchParams({ redirect }).toString()
      const answer = await browser.go(`${loginUrl.replace('acme', id)}?${query}`)
      const session = browser.cookies.find(({ name }) => name === 'coder_session_token')?.value
      return { ...answer, browser, session, message: messageOf(answer) }
    },
  }
}

export function messageOf({ text }: Answer): string | undefined {
  try {
    return z.object({ message: z.string() }).parse(JSON.parse(text)).message
  } catch {
    return undefined
  }
}

/** Somebody whose provider says the usual about them at the userinfo endpoint. */
export function somebody(sub: string, claims: Record<string, unknown> = {}): Person {
  return {
    sub,
    userInfo: {
      email: `${sub}@example.com`,
      email_verified: true,
      preferred_username: sub,
      name: `The ${sub}`,
      ...claims,
    },
  }
}

const Account = z.object({
  id: z.string(),
  username: z.string(),
  email: z.string(),
  name: z.string(),
  status: z.string(),
  loginType: z.string(),
  roles: z.array(z.string()),
  linkedId: z.string().nullable(),
  claims: z.unknown(),
  groups: z.array(z.string()),
})

export async function accounts({ db }: Pick<TestServer, 'db'>) {
  return await db.any(sql.type(Account)`
    select u.id, username, email, name, status, u.login_type, roles, l.linked_id, l.claims,
      array(select g.name from daybreak.group_members m join daybreak.groups g on g.id = m.group_id
        where m.user_id = u.id order by g.name) as groups
    from daybreak.users u left join daybreak.user_links l on l.user_id = u.id
    where not u.is_system and u.username <> 'admin' and u.deleted_at is null
    order by u.created_at`)
}

const AuditRow = z.object({
  action: z.string(),
  actorId: z.string().nullable(),
  before: z.unknown(),
  after: z.unknown(),
})

export async function auditRows({ db }: Pick<TestServer, 'db'>, targetType = 'user') {
  return await db.any(sql.type(AuditRow)`
    select action, actor_id, before, after from daybreak.audit_log where target_type = ${targetType} order by at`)
}

async function freePort(): Promise<number> {
  const probe = net.createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as net.AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
