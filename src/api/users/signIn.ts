// The ways in and out. Whether an account exists is told to nobody who cannot sign in to it.
import { type Request, Router } from 'express'
import {
  deleteApiKey,
  findOrganization,
  insertMember,
  insertOrganization,
  insertUser,
} from '../../../sql/identity.sql.ts'
import type { Pool } from '../../../sql/database.ts'
import {
  findLogin,
  type FindLoginRow,
  hasPeople,
  lockFirstUser,
  lockUser,
  replacePasswordHash,
  setPassword,
} from '../../../sql/users.sql.ts'
import {
  createFirstUser,
  findFirstUser,
  getAuthMethods,
  logout,
  signInWithLink,
  signInWithPassword,
} from '../../contract/users.ts'
import { Refusal } from '../../domain/errors.ts'
import { forbidden } from '../../domain/refusals.ts'
import { oidcProviders } from '../../oidc/providers.ts'
import { passwordProblem, type Passwords, passwords } from '../../password.ts'
import { audit } from '../audit.ts'
import { authenticate } from '../auth.ts'
import { type ApiContext, type Handler, publicRoute, route } from '../route.ts'
import { clearSessionCookie, openSession, setSessionCookie, startSession, suspended } from './sessions.ts'

/** All public but the way out: who signs in has no session yet. */
export function signIn(context: ApiContext): Router {
  const router = Router()
  const { db, config } = context

  publicRoute(router, findFirstUser, async () => {
    if ((await hasPeople(db)).people) return { message: 'The initial user has already been created!' }
    throw new Refusal('not-found', 'The initial user has not been created!')
  })

  publicRoute(router, createFirstUser, async (input, exchange) => await makeFirstUser(context, input, exchange))

  publicRoute(router, getAuthMethods, async () => ({
    password: { enabled: true },
    github: { enabled: false, default_provider_configured: false },
    oidc: oidcProviders(config),
  }))

  publicRoute(router, signInWithPassword, async ({ body }, { request, response }) => {
    const login = { login: body.email, password: body.password }
    const token = await openPasswordSession({ db, passwords }, { ...login, request })
    setSessionCookie(context, { response, token })
    return { session_token: token }
  })

  publicRoute(router, signInWithLink, async ({ body }, { request }) => ({
    session_token: await openSession(db, { token: body.token, request }),
  }))

  route(router, context, logout, async (_input, { actor, request, response }) => {
    const { keyId } = await authenticate(context, request)
    await db.transaction(async (tx) => {
      await deleteApiKey(tx, { id: keyId })
      const target = { type: 'user', id: actor.id, name: actor.username }
      await audit(tx, { actor, request }, { action: 'logout', target })
    })
    clearSessionCookie(context, { response })
    return { message: 'Logged out!' }
  })

  return router
}

/** A password that changed while it was being checked opens nothing: its sessions were ended with it. */
export async function openPasswordSession(
  using: { db: Pool; passwords: Passwords },
  { request, ...login }: { login: string; password: string; request: Request },
): Promise<string> {
  const user = await verifyLogin(using, login)
  return await using.db.transaction(async (tx) => {
    const locked = await lockUser(tx, { id: user.id })
    if (!locked || locked.passwordHash !== user.passwordHash) {
      throw new Refusal('conflict', 'The password was changed meanwhile.', { detail: 'Sign in again.' })
    }
    if (locked.status === 'suspended') throw suspended()
    return await startSession(tx, { user, loginType: 'password', request })
  })
}

/** Unknown, without a password, or a wrong one: the same work, and the same answer. */
export async function verifyLogin(
  { db, passwords: using }: { db: Pool; passwords: Passwords },
  { login, password }: { login: string; password: string },
): Promise<FindLoginRow> {
  const user = await findLogin(db, { login })
  const stored = user?.passwordHash ?? null
  const { matches, outdated } = await using.check(stored, password)
  if (!user || stored === null || !matches) {
    throw new Refusal('unauthenticated', 'Incorrect email or password.', {
      detail: 'Somebody who may manage users can set a new one with `daybreak users password`.',
    })
  }
  if (user.status === 'suspended') throw suspended()
  if (user.loginType !== 'password') throw forbidden(`This account signs in by "${user.loginType}", not by password.`)
  if (!outdated) return user
  const passwordHash = await using.hash(password)
  await replacePasswordHash(db, { id: user.id, before: stored, passwordHash })
  return { ...user, passwordHash }
}

const makeFirstUser = async (
  { db }: ApiContext,
  { body }: Parameters<Handler<typeof createFirstUser, object>>[0],
  { request }: Parameters<Handler<typeof createFirstUser, object>>[1],
) => {
  const { username, email, name } = body
  if ((await hasPeople(db)).people) throw notTheFirst()
  const problem = passwordProblem(body.password, [username, email])
  if (problem) {
    const validations = [{ field: 'password', detail: problem }]
    throw new Refusal('invalid', 'Validation failed.', { validations })
  }
  const passwordHash = await passwords.hash(body.password)
  return await db.transaction(async (tx) => {
    await lockFirstUser(tx)
    if ((await hasPeople(tx)).people) throw notTheFirst()
    const organization =
      (await findOrganization(tx, { id: null, name: null })) ??
      (await insertOrganization(tx, { name: 'default', displayName: 'Default', isDefault: true }))
    const { id } = await insertUser(tx, { username, email, name, loginType: 'password', roles: ['owner'] })
    await setPassword(tx, { id, passwordHash })
    await insertMember(tx, { userId: id, organizationId: organization.id })
    const target = { type: 'user', id, name: username }
    await audit(tx, { actor: { id }, request }, { action: 'register', target, after: { username, email, name } })
    return { user_id: id, organization_id: organization.id }
  })
}

function notTheFirst(): Refusal {
  return new Refusal('conflict', 'The initial user has already been created.', {
    detail: 'Sign in, or ask an admin for an account.',
  })
}
