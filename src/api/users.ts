import { Router } from 'express'
import type { Request } from 'express'
import { findUser, type FindUserRow } from '../../sql/identity.sql.ts'
import type { Db } from '../../sql/database.ts'
import {
  countUsers,
  listUsers as listUserRows,
  lockUser,
  lockUserAlone,
  ownsWorkspaces,
  removeUser,
  updateProfile as writeProfile,
} from '../../sql/users.sql.ts'
import { deleteUser, getUser, listUsers, updateProfile, type User } from '../contract/users.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { Refusal } from '../domain/errors.ts'
import { may } from '../domain/rbac/may.ts'
import { forbidden, notFound } from '../domain/refusals.ts'
import { type Actor, requireMay } from './access.ts'
import { audit } from './audit.ts'
import { asId } from './ids.ts'
import { type ApiContext, route } from './route.ts'
import { keepAnOwner, refuseSystemUser, refuseTaken, requireAbove } from './users/guards.ts'
import { parseUserQuery } from './users/query.ts'
import { userShape } from './users/shape.ts'

type By = { actor: Actor; request: Request }

export function users(context: ApiContext): Router {
  const router = Router()
  const { db } = context

  route(router, context, listUsers, async ({ query }, { actor }) => {
    const { q, after_id: afterId = null, limit, offset } = query
    const filter = { ...parseUserQuery(q), readerId: may(actor.subject, 'read', { type: 'user' }) ? null : actor.id }
    if (filter.readerId !== null && !may(actor.subject, 'read', { type: 'user', id: actor.id })) {
      return { users: [], count: 0 } // a token for something else
    }
    const [rows, { users: count }] = await Promise.all([
      listUserRows(db, { ...filter, afterId, limit: limit || MAX_PAGE, offset }),
      countUsers(db, filter),
    ])
    return { users: rows.map(userShape), count }
  })

  route(router, context, getUser, async ({ params }, { actor }) => userShape(await resolveUser(db, params.user, actor)))

  route(router, context, updateProfile, async ({ params, body }, by) => {
    const user = await resolveUser(db, params.user, by.actor)
    return await changeProfile(context, { user, ...body }, by)
  })

  route(router, context, deleteUser, async ({ params }, by) => {
    await remove(context, await resolveUser(db, params.user, by.actor), by)
    return { message: 'User has been deleted!' }
  })

  return router
}

/** By id, by name, or `me`. What one may not see does not exist. */
export async function resolveUser(db: Db, user: string, actor: Actor): Promise<FindUserRow> {
  const id = user === 'me' ? actor.id : asId(user)
  const found = await findUser(db, { id, username: id === null ? user : null })
  if (!found || !may(actor.subject, 'read', { type: 'user', id: found.id })) throw notFound()
  return found
}

async function changeProfile(
  { db }: ApiContext,
  { user, username, name }: { user: FindUserRow; username: string; name?: string | undefined },
  { actor, request }: By,
): Promise<User> {
  requireMay(actor, 'update_personal', { type: 'user', id: user.id })
  refuseSystemUser(user)
  await requireAbove(db, { actor, user }) // else somebody could take an owner's name, and then have it himself
  return await refuseTaken(() =>
    db.transaction(async (tx) => {
      const before = await lockUser(tx, { id: user.id })
      if (!before) throw notFound()
      await requireAbove(tx, { actor, user: before }) // he may have been given more meanwhile
      const after = { username, name: name ?? before.name }
      await writeProfile(tx, { id: user.id, ...after })
      const target = { type: 'user', id: user.id, name: username }
      const was = { username: before.username, name: before.name }
      await audit(tx, { actor, request }, { action: 'write', target, before: was, after })
      return await reread(tx, user.id)
    }),
  )
}

/** Workspaces come first: they may hold somebody's work, and have processes that must end. */
async function remove({ db }: ApiContext, user: FindUserRow, { actor, request }: By): Promise<void> {
  requireMay(actor, 'delete', { type: 'user', id: user.id })
  refuseSystemUser(user)
  if (user.id === actor.id) throw forbidden('You cannot delete yourself.')
  await requireAbove(db, { actor, user })
  await db.transaction(async (tx) => {
    await keepAnOwner(tx, { without: user.id })
    const locked = await lockUserAlone(tx, { id: user.id })
    if (!locked) throw notFound()
    await requireAbove(tx, { actor, user: locked }) // he may have been given more meanwhile
    if ((await ownsWorkspaces(tx, { id: user.id })).owns) {
      throw new Refusal('has-dependents', 'This user still has workspaces.', {
        detail: `See them with: daybreak workspaces list --all --search owner:${user.username}`,
      })
    }
    await removeUser(tx, { id: user.id })
    const { id, username, email } = user
    const target = { type: 'user', id, name: username }
    const before = { username, email, roles: locked.roles }
    await audit(tx, { actor, request }, { action: 'delete', target, before })
  })
}

/** As it is after a change, within its transaction. */
export async function reread(db: Db, id: string): Promise<User> {
  const found = await findUser(db, { id, username: null })
  if (!found) throw notFound()
  return userShape(found)
}
