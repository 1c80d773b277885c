// Sessions: what a sign-in makes and a sign-out ends.
import type { Request, Response } from 'express'
import { findUser, insertApiKey, useSignInLink } from '../../../sql/identity.sql.ts'
import type { Pool, Tx } from '../../../sql/database.ts'
import { noteSignIn } from '../../../sql/users.sql.ts'
import { Refusal } from '../../domain/errors.ts'
import { hashSecret, newApiKey } from '../../secrets.ts'
import { audit } from '../audit.ts'
import { SESSION_COOKIE } from '../auth.ts'
import type { ApiContext } from '../route.ts'

/** A week: long enough not to be in the way, short enough that a lost laptop is not a key for ever. */
export const SESSION_SECONDS = 7 * 24 * 60 * 60

export type SignedIn = { user: { id: string; username: string }; loginType: 'password' | 'link' | 'oidc' }

/** Returns the token; written down where it is made, so that no way in goes without. */
export async function startSession(tx: Tx, { user, loginType, request }: SignedIn & { request: Request }) {
  const key = newApiKey()
  await insertApiKey(tx, {
    id: key.id,
    hashedSecret: hashSecret(key.secret),
    userId: user.id,
    loginType,
    tokenName: '',
    lifetimeSeconds: SESSION_SECONDS,
  })
  await noteSignIn(tx, { id: user.id })
  await audit(
    tx,
    { actor: user, request },
    { action: 'login', target: { type: 'user', id: user.id, name: user.username }, after: { login_type: loginType } },
  )
  return key.text
}

/** A link works once: the same statement finds and removes it. */
export async function openSession(db: Pool, { token, request }: { token: string; request: Request }): Promise<string> {
  return await db.transaction(async (tx) => {
    const link = await useSignInLink(tx, { tokenHash: hashSecret(token) })
    const user = link && (await findUser(tx, { id: link.userId, username: null }))
    if (!user || user.isSystem) {
      throw new Refusal('unauthenticated', 'This sign-in link was used already or is older than 15 minutes.', {
        detail: 'Start the server again to get a new one.',
      })
    }
    if (user.status === 'suspended') throw suspended()
    return await startSession(tx, { user, loginType: 'link', request })
  })
}

export function suspended(): Refusal {
  return new Refusal('unauthenticated', 'Your account is suspended. Contact an admin to reactivate your account.', {
    detail: 'An admin lets you in again with `daybreak users activate`.',
  })
}

export function setSessionCookie(context: ApiContext, { response, token }: { response: Response; token: string }) {
  response.cookie(SESSION_COOKIE, token, { ...cookieOptions(context), maxAge: SESSION_SECONDS * 1000 })
}

export function clearSessionCookie(context: ApiContext, { response }: { response: Response }): void {
  response.clearCookie(SESSION_COOKIE, cookieOptions(context))
}

/** Lax, or a link in a mail or a chat would open a page that seems signed out. */
function cookieOptions({ config }: ApiContext) {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: config.accessUrl.startsWith('https:') } as const
}
