// Signing in through an identity provider: two redirects of a browser, and what administrators can read about it.
import { type CookieOptions, type Request, type Response, Router } from 'express'
import { isUniqueViolation, type Tx } from '../../sql/database.ts'
import { findUserLink, listClaimFields, listClaimValues } from '../../sql/user_links.sql.ts'
import {
  finishOidcSignIn,
  getDebugLink,
  listIdpSyncFields,
  listIdpSyncValues,
  startOidcSignIn,
  UserLinkClaims,
} from '../contract/oidc.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { Refusal } from '../domain/errors.ts'
import { notFound } from '../domain/refusals.ts'
import { createOidcClient, type Finished, type OidcClient } from '../oidc/client.ts'
import { localPath, openPending, type Pending, PENDING_SECONDS, sealPending } from '../oidc/pending.ts'
import { callbackPath } from '../oidc/providers.ts'
import { describeFailure } from '../oidc/refusals.ts'
import { signIn, type SignedIn } from '../oidc/signIn.ts'
import { hashSecret, sameHash } from '../secrets.ts'
import { requireMay, requireRead } from './access.ts'
import { audit } from './audit.ts'
import { readCookie } from './auth.ts'
import { type ApiContext, publicRoute, route } from './route.ts'
import { resolveUser } from './users.ts'
import { setSessionCookie, startSession } from './users/sessions.ts'

const PENDING_COOKIE = 'daybreak_oidc'
/** Two sign-ins may want the same new name at once; the slower one looks again. */
const ATTEMPTS = 3

type Door = { context: ApiContext; client: OidcClient }
type Exchange = { request: Request; response: Response }

export function oidc(context: ApiContext): Router {
  const router = Router()
  const { db, config } = context
  const clients = new Map(config.oidc.map((provider) => [provider.id, createOidcClient(provider)]))
  const doorOf = (id: string): Door => {
    const client = clients.get(id)
    if (!client) throw notFound()
    return { context, client }
  }

  // Public: who signs in has no session yet.
  publicRoute(router, startOidcSignIn, async ({ params, query }, exchange) => {
    await start(doorOf(params.provider), query.redirect, exchange)
    return undefined
  })

  // Public: the sealed cookie and the provider's answer are the credentials.
  publicRoute(router, finishOidcSignIn, async ({ params }, exchange) => {
    await finish(doorOf(params.provider), exchange)
    return undefined
  })

  route(router, context, getDebugLink, async ({ params }, { actor }) => {
    const user = await resolveUser(db, params.user, actor)
    // Not one's own: the claims are for whoever sets up the provider.
    requireMay(actor, 'read_personal', { type: 'user', id: user.id, ownerId: '' })
    const link = user.loginType === 'oidc' ? await findUserLink(db, { userId: user.id }) : null
    if (!link) throw new Refusal('invalid', 'User is not an OIDC user.')
    const {
      id_token_claims = null,
      user_info_claims = null,
      merged_claims = null,
    } = UserLinkClaims.partial().parse(link.claims)
    return { id_token_claims, user_info_claims, merged_claims }
  })

  route(router, context, listIdpSyncFields, async (_input, { actor }) => {
    requireRead(actor, { type: 'idpsync_settings' })
    return (await listClaimFields(db, { limit: MAX_PAGE })).map(({ field }) => field)
  })

  route(router, context, listIdpSyncValues, async ({ query }, { actor }) => {
    requireRead(actor, { type: 'idpsync_settings' })
    return (await listClaimValues(db, { field: query.claimField, limit: MAX_PAGE })).map(({ value }) => value)
  })

  return router
}

async function start({ context, client }: Door, redirect: string, { response }: Exchange): Promise<void> {
  const { config, sealer } = context
  const { id } = client.provider
  const path = localPath(redirect)
  if (path === null) {
    const detail = 'This must be a path of this server, like /.'
    throw new Refusal('invalid', 'Validation failed.', { validations: [{ field: 'redirect', detail }] })
  }
  const { url, ...secrets } = await speak({ context, client }, () => client.start(config.accessUrl + callbackPath(id)))
  const pending = { ...secrets, redirect: path, expiresAt: Date.now() + PENDING_SECONDS * 1000 }
  response.cookie(PENDING_COOKIE, sealPending(sealer, { provider: id, pending }), {
    ...pendingCookie(context, id),
    maxAge: PENDING_SECONDS * 1000,
  })
  goTo(response, url.href)
}

async function finish({ context, client }: Door, { request, response }: Exchange): Promise<void> {
  const { config, sealer } = context
  const { id } = client.provider
  const cookie = readCookie(request.headers.cookie ?? '', PENDING_COOKIE)
  const pending = openPending(sealer, { provider: id, cookie, now: Date.now() })
  if (!pending || !isAnswerTo(request, pending)) {
    throw new Refusal('unauthenticated', 'This is not the answer to a sign-in that this browser began.', {
      detail: `Sign in again from the start. A sign-in may take ${PENDING_SECONDS / 60} minutes, in one browser.`,
    })
  }
  // Whatever comes of it, it is over; that the code is used once is the provider's to see to (RFC 6749 4.1.2).
  response.clearCookie(PENDING_COOKIE, pendingCookie(context, id))
  const url = new URL(config.accessUrl + callbackPath(id))
  url.search = new URL(request.originalUrl, url).search
  const finished = await speak({ context, client }, () => client.finish(url, pending))
  const token = await openOidcSession({ context, client }, finished, request)
  setSessionCookie(context, { response, token })
  goTo(response, pending.redirect)
}

/** Otherwise a page of somebody else could sign the browser in as that somebody (RFC 6749 10.12). */
function isAnswerTo({ query }: Request, { state }: Pending): boolean {
  return typeof query.state === 'string' && sameHash(hashSecret(query.state), hashSecret(state))
}

/** What went wrong, for whoever runs the server: codes and our own words, never what the provider said of a person. */
async function speak<T>({ context, client }: Door, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal) {
      const reason = describeFailure(error.cause)
      context.log.warn({ provider: client.provider.id, reason }, `signing in with ${client.provider.id} failed`)
    }
    throw error
  }
}

async function openOidcSession({ context, client }: Door, finished: Finished, request: Request): Promise<string> {
  const { provider } = client
  for (let attempt = 1; ; attempt++) {
    try {
      return await context.db.transaction(async (tx) => {
        const signedIn = await signIn(tx, finished, provider)
        await auditSignIn(tx, { signedIn, provider: provider.id, request })
        return await startSession(tx, { user: signedIn, loginType: 'oidc', request })
      })
    } catch (error) {
      if (attempt >= ATTEMPTS || !isUniqueViolation(error)) throw error
    }
  }
}

type Entry = { signedIn: SignedIn; provider: string; request: Request }

/** Besides the sign-in itself: who is new, and what the provider's claims changed about the others. */
async function auditSignIn(tx: Tx, { signedIn, provider, request }: Entry): Promise<void> {
  const { id, username, registered, organizationId, before, after } = signedIn
  const auditor = { actor: { id }, request }
  for (const group of signedIn.createdGroups) {
    const target = { type: 'group', ...group }
    await audit(tx, auditor, { action: 'create', target, organizationId, after: { name: group.name, source: 'oidc' } })
  }
  const target = { type: 'user', id, name: username }
  if (registered) await audit(tx, auditor, { action: 'register', target, after: { username, provider, ...after } })
  else if (JSON.stringify(before) !== JSON.stringify(after)) {
    await audit(tx, auditor, { action: 'write', target, before, after: { provider, ...after } })
  }
}

function goTo(response: Response, place: string): void {
  response.status(303).set('Location', place)
}

/** Lax, or the browser would keep the cookie back when it comes from the provider. */
function pendingCookie({ config }: ApiContext, provider: string): CookieOptions {
  const secure = config.accessUrl.startsWith('https:')
  return { httpOnly: true, sameSite: 'lax', secure, path: callbackPath(provider) }
}
