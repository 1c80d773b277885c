// Speaks with identity providers (OpenID Connect Core 1.0, code flow, with PKCE: RFC 7636) through openid-client.
import { createRemoteJWKSet, customFetch as joseFetch, jwtVerify, type JWTVerifyGetKey } from 'jose'
import * as openid from 'openid-client'
import { Refusal } from '../domain/errors.ts'
import { type Claims, isPlain, type LinkClaims, mergeClaims } from './claims.ts'
import { boundedFetch } from './fetch.ts'
import { toRefusal } from './refusals.ts'
import { isLoopback, type OidcProvider } from './settings.ts'

/** Of each request; a person waits for it. */
const TIMEOUT_SECONDS = 5
const DISCOVERY_ATTEMPTS = 2
/** OpenID Connect Core 2. */
const MAX_SUBJECT = 255
/** So long does nobody look for what the provider has changed about itself. Keys are looked for when one is unknown. */
const DISCOVERY_TTL_MS = 60 * 60 * 1000

export type Started = { url: URL; state: string; nonce: string; verifier: string }
export type Finished = { issuer: string; subject: string; claims: LinkClaims }

export type OidcClient = {
  readonly provider: OidcProvider
  /** Throws 503 while the provider does not answer. */
  start(redirectUri: string): Promise<Started>
  /** `url` is where the provider sent the browser back to. Throws 401 when anything about the answer is wrong. */
  finish(url: URL, expected: { state: string; nonce: string; verifier: string }): Promise<Finished>
}

type Discovered = { configuration: openid.Configuration; keys: JWTVerifyGetKey }

/** Asks for nothing before somebody signs in: a provider that is down keeps no server from starting. */
export function createOidcClient(provider: OidcProvider): OidcClient {
  let known: { promise: Promise<Discovered>; at: number } | undefined
  const discovered = async (): Promise<Discovered> => {
    if (known === undefined || Date.now() - known.at > DISCOVERY_TTL_MS) {
      const fresh = { promise: discover(provider), at: Date.now() }
      known = fresh
      // The next sign-in tries again; those who wait share this one.
      fresh.promise.catch(() => {
        if (known === fresh) known = undefined
      })
    }
    return await known.promise
  }
  return {
    provider,
    async start(redirectUri) {
      const { configuration } = await answered(provider, discovered)
      const [state, nonce, verifier] = [openid.randomState(), openid.randomNonce(), openid.randomPKCECodeVerifier()]
      const url = openid.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: provider.scopes.join(' '),
        state,
        nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      return { url, state, nonce, verifier }
    },
    async finish(url, { state, nonce, verifier }) {
      return await answered(provider, async () => {
        const found = await discovered()
        const tokens = await openid.authorizationCodeGrant(found.configuration, url, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        })
        const idToken = tokens.claims()
        if (!idToken) throw new openid.ClientError('the provider sent no id token')
        if (idToken.sub.length > MAX_SUBJECT || !isPlain(idToken.sub)) {
          throw new openid.ClientError('the subject is too long, or no plain text')
        }
        const second = await secondSource(provider, { ...found, idToken, accessToken: tokens.access_token })
        const claims = mergeClaims({ idToken: { ...idToken }, second }, provider.claims_source)
        return { issuer: idToken.iss, subject: idToken.sub, claims }
      })
    },
  }
}

async function answered<T>(provider: OidcProvider, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Refusal ? error : toRefusal(error, provider)
  }
}

async function discover(provider: OidcProvider): Promise<Discovered> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await discoverOnce(provider)
    } catch (error) {
      if (attempt >= DISCOVERY_ATTEMPTS) throw error
    }
  }
}

async function discoverOnce(provider: OidcProvider): Promise<Discovered> {
  const configuration = await openid.discovery(
    new URL(provider.issuer),
    provider.client_id,
    {},
    authenticate(provider.client_secret),
    {
      timeout: TIMEOUT_SECONDS,
      [openid.customFetch]: boundedFetch,
      execute: [
        // Checks the id token's signature as well, which Core 3.1.3.7 leaves open where TLS brought it.
        openid.enableNonRepudiationChecks,
        ...(isLoopback(provider.issuer) ? [openid.allowInsecureRequests] : []),
      ],
    },
  )
  const { jwks_uri: jwksUri, authorization_endpoint: authorization } = configuration.serverMetadata()
  if (jwksUri === undefined || authorization === undefined) {
    throw new openid.ClientError('the metadata names no keys or no authorization endpoint')
  }
  const keys = createRemoteJWKSet(new URL(jwksUri), {
    timeoutDuration: TIMEOUT_SECONDS * 1000,
    [joseFetch]: boundedFetch,
  })
  return { configuration, keys }
}

/** Basic is what every provider must support (RFC 6749 2.3.1), and the default of discovery; some take the other. */
function authenticate(secret: string): openid.ClientAuth {
  const [basic, post] = [openid.ClientSecretBasic(secret), openid.ClientSecretPost(secret)]
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const choice = !methods.includes('client_secret_basic') && methods.includes('client_secret_post') ? post : basic
    choice(server, ...rest)
  }
}

type Signed = Discovered & { idToken: openid.IDToken; accessToken: string }

async function secondSource(
  provider: OidcProvider,
  { configuration, keys, idToken, accessToken }: Signed,
): Promise<Claims | null> {
  if (provider.claims_source === 'none') return null
  if (provider.claims_source === 'user_info') {
    return { ...(await openid.fetchUserInfo(configuration, accessToken, idToken.sub)) }
  }
  // RFC 9068 names its type `at+jwt`, but many providers do not; the audience is the provider's own matter.
  const { payload } = await jwtVerify(accessToken, keys, { issuer: idToken.iss })
  if (payload.sub !== idToken.sub) throw new openid.ClientError('the access token is about somebody else')
  return { ...payload }
}
