import type { Request, Response } from 'express'
import { findPassword, lockUser, setPassword } from '../../../sql/users.sql.ts'
import { deleteSessions } from '../../../sql/api_keys.sql.ts'
import type { FindUserRow } from '../../../sql/identity.sql.ts'
import { Refusal } from '../../domain/errors.ts'
import { isEntryWithin, isScopeWithin } from '../../domain/rbac/narrower.ts'
import { SCOPE_ALL } from '../../domain/rbac/scopes.ts'
import { forbidden } from '../../domain/refusals.ts'
import { passwordProblem, passwords } from '../../password.ts'
import { type Actor, requireMay } from '../access.ts'
import { audit } from '../audit.ts'
import { authenticate } from '../auth.ts'
import type { ApiContext } from '../route.ts'
import { refuseSystemUser, requireAbove } from './guards.ts'

export type NewPassword = {
  user: FindUserRow
  actor: Actor
  request: Request
  response: Response
  body: { password: string; old_password: string }
}

/** Sessions end, so that whoever knew the old password is out; tokens of programs stay, and are deleted by name. */
export async function changePassword(
  context: ApiContext,
  { user, actor, request, response, body }: NewPassword,
): Promise<void> {
  const { db } = context
  requireMay(actor, 'update_personal', { type: 'user', id: user.id })
  refuseSystemUser(user)
  refuseNarrowToken(actor)
  await requireAbove(db, { actor, user })
  await context.limits.newPassword({ request, response, userId: user.id })
  const isOwn = actor.id === user.id
  const before = (await findPassword(db, { id: user.id }))?.passwordHash ?? null
  if (user.loginType === 'oidc') throw new Refusal('invalid', 'This user signs in at an identity provider.')
  if (isOwn && before !== null) await checkOld(before, body)
  const problem = passwordProblem(body.password, [user.username, user.email])
  if (problem) throw invalid('password', problem)

  const passwordHash = await passwords.hash(body.password)
  const { keyId } = await authenticate(context, request)
  await db.transaction(async (tx) => {
    const locked = await lockUser(tx, { id: user.id })
    if (!locked || locked.passwordHash !== before) {
      throw new Refusal('conflict', 'The password was changed meanwhile.', { detail: 'Try again with the new one.' })
    }
    await requireAbove(tx, { actor, user: locked }) // he may have been given more while it was hashed
    await setPassword(tx, { id: user.id, passwordHash })
    await deleteSessions(tx, { userId: user.id, exceptId: isOwn ? keyId : null })
    const target = { type: 'user', id: user.id, name: user.username }
    // Only that it changed: these two words are redacted like a password.
    await audit(
      tx,
      { actor, request },
      { action: 'write', target, before: { password: before === null ? null : 'old' }, after: { password: 'new' } },
    )
  })
}

/** Who knows a password can do all that its user may: more than such a token was given. */
function refuseNarrowToken({ subject }: Actor): void {
  if (isScopeWithin(SCOPE_ALL, subject) && isEntryWithin('*:*', subject)) return
  throw forbidden('Passwords are set with a session, or a token that may do everything.')
}

/** A session left open is not enough to take an account over. */
async function checkOld(stored: string, { password, old_password: old }: NewPassword['body']): Promise<void> {
  if (!(await passwords.check(stored, old)).matches) throw invalid('old_password', 'Old password is incorrect.')
  if (old === password) throw invalid('password', 'New password cannot match old password.')
}

function invalid(field: string, detail: string): Refusal {
  return new Refusal('invalid', detail, { validations: [{ field, detail }] })
}
