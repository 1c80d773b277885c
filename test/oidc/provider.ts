// A real identity provider on loopback: it signs in whoever `whoIs` names, without asking.
import http from 'node:http'
import net from 'node:net'
import type { ExecutionContext } from 'ava'
import * as library from 'oidc-provider'

const RESOURCE = 'urn:daybreak:test'

export type Person = {
  sub: string
  /** In the id token, at the userinfo endpoint, and in the access token. */
  idToken?: Record<string, unknown>
  userInfo?: Record<string, unknown>
  accessToken?: Record<string, unknown>
}

export type TestProvider = {
  issuer: string
  clientId: string
  clientSecret: string
  /** Who signs in next; null: somebody who refuses. */
  whoIs(person: Person | null): void
  /** Client errors and the like that it has seen, in its own words. */
  refused: string[]
  /** Paths it was asked for. */
  asked: string[]
  /** Answers in place of the provider, until it is set to undefined. */
  intercept: ((request: http.IncomingMessage, response: http.ServerResponse) => boolean) | undefined
  stop(): Promise<void>
}

export async function startProvider(
  t: Pick<ExecutionContext, 'teardown'>,
  { redirectUris }: { redirectUris: string[] },
): Promise<TestProvider> {
  const people = new Map<string, Person>()
  let next: Person | null = null
  const server = http.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`
  const [clientId, clientSecret] = ['daybreak', 'a secret that is long enough for HMAC-SHA256']
  const provider = new library.Provider(issuer, configurationOf({ clientId, clientSecret, redirectUris, people }))
  const serve = provider.callback()
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  const made: TestProvider = {
    issuer,
    clientId,
    clientSecret,
    refused: [],
    asked: [],
    intercept: undefined,
    whoIs(person) {
      next = person
      if (person) people.set(person.sub, person)
    },
    stop,
  }
  for (const event of ['authorization.error', 'grant.error', 'userinfo.error', 'server_error']) {
    provider.on(event, (_context, error) =>
      made.refused.push(String((error as { error_description?: string }).error_description ?? error)),
    )
  }
  server.on('request', (request, response) => {
    made.asked.push(new URL(request.url ?? '', issuer).pathname)
    if (made.intercept?.(request, response) === true) return
    if (request.url?.startsWith('/interaction/')) {
      const denied = { error: 'access_denied', error_description: 'it <b>refused</b>' }
      const result = next === null ? denied : { login: { accountId: next.sub } }
      void provider.interactionFinished(request, response, result)
    } else void serve(request, response)
  })
  t.teardown(stop)
  return made
}

type Client = { clientId: string; clientSecret: string; redirectUris: string[]; people: ReadonlyMap<string, Person> }

function configurationOf({ clientId, clientSecret, redirectUris, people }: Client): object {
  return {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: redirectUris }],
    cookies: { keys: ['a key of tests'] },
    pkce: { required: () => true },
    // All that the test gives somebody, in each place of its own.
    conformIdTokenClaims: false,
    claims: {
      openid: ['sub', 'email', 'email_verified', 'preferred_username', 'name', 'groups', 'roles', 'where', 'x'],
    },
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: (use: 'id_token' | 'userinfo') => ({
        ...people.get(sub)?.[use === 'id_token' ? 'idToken' : 'userInfo'],
        sub,
      }),
    }),
    loadExistingGrant: async ({ oidc }: Oidc) => {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId })
      grant.addOIDCScope('openid profile email')
      grant.addResourceScope(RESOURCE, 'all')
      await grant.save()
      return grant
    },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    extraTokenClaims: (_context: unknown, { accountId }: { accountId: string }) => people.get(accountId)?.accessToken,
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        // The token for a resource does not open userinfo: only who sends claims in it gets one.
        useGrantedResource: ({ oidc }: Oidc) => people.get(oidc.entities.Account.accountId)?.accessToken !== undefined,
        getResourceServerInfo: () => ({ scope: 'all', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
      },
    },
  }
}

type Oidc = {
  oidc: {
    provider: library.Provider
    client: { clientId: string }
    session: { accountId: string }
    entities: { Account: { accountId: string } }
  }
}
