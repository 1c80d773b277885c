import { Router } from 'express'
import { deleteApiKey, findUser, type FindUserRow, insertApiKey, useSignInLink } from '../../sql/identity.sql.ts'
import type { Db } from '../../sql/database.ts'
import { getUser, logout, signInWithLink, User } from '../contract/users.ts'
import { may } from '../domain/rbac/may.ts'
import { notFound } from '../domain/refusals.ts'
import { type Actor } from './access.ts'
import { Refusal } from '../domain/errors.ts'
import { hashSecret, newApiKey } from '../secrets.ts'
import { authenticate, SESSION_COOKIE } from './auth.ts'
import { type ApiContext, publicRoute, route } from './route.ts'
import { asId } from './ids.ts'
import { iso, timeIf } from './wire/time.ts'

/** As long as a first sign-in should last before a real one is set up. */
export const SESSION_SECONDS = 7 * 24 * 60 * 60

export function users(context: ApiContext): Router {
  const router = Router()
  const { db } = context

  // Public: the link's token is the credential.
  publicRoute(router, signInWithLink, async ({ body }) => ({ session_token: await openSession(db, body.token) }))

  route(router, context, logout, async (_input, { request, response }) => {
    const { keyId } = await authenticate(context, request)
    await deleteApiKey(db, { id: keyId })
    response.clearCookie(SESSION_COOKIE)
    return { message: 'Logged out!' }
  })

  route(router, context, getUser, async ({ params }, { actor }) => userShape(await resolveUser(db, params.user, actor)))

  return router
}

/** A link works once: the same statement finds and removes it. */
export async function openSession(db: ApiContext['db'], linkToken: string): Promise<string> {
  return await db.transaction(async (tx) => {
    const link = await useSignInLink(tx, { tokenHash: hashSecret(linkToken) })
    if (!link) {
      throw new Refusal('unauthenticated', 'This sign-in link was used already or is older than 15 minutes.', {
        detail: 'Start the server again to get a new one.',
      })
    }
    const key = newApiKey()
    await insertApiKey(tx, {
      id: key.id,
      hashedSecret: hashSecret(key.secret),
      userId: link.userId,
      loginType: 'link',
      tokenName: '',
      lifetimeSeconds: SESSION_SECONDS,
    })
    return key.text
  })
}

/** By id, by name, or `me`. What one may not see does not exist. */
export async function resolveUser(db: Db, user: string, actor: Actor): Promise<FindUserRow> {
  const id = user === 'me' ? actor.id : asId(user)
  const found = await findUser(db, { id, username: id === null ? user : null })
  if (!found || !may(actor.subject, 'read', { type: 'user', id: found.id })) throw notFound()
  return found
}

export function userShape(row: FindUserRow): User {
  return {
    id: row.id,
    username: row.username,
    name: row.name,
    email: row.email,
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
    ...timeIf('last_seen_at', row.lastSeenAt),
    status: User.shape.status.parse(row.status),
    login_type: row.loginType,
    organization_ids: row.organizationIds ?? [],
    roles: row.roles.map((name) => ({ name, display_name: name.charAt(0).toUpperCase() + name.slice(1) })),
  }
}
