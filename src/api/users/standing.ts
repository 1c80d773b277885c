// What somebody is allowed: suspended or not, in which roles, with which password.
import { Router } from 'express'
import type { Request } from 'express'
import type { FindUserRow } from '../../../sql/identity.sql.ts'
import { listMemberRoles, lockUser, setUserRoles as writeRoles, setUserStatus } from '../../../sql/users.sql.ts'
import {
  activateUser,
  getUserRoles,
  listSiteRoles,
  setPassword,
  setUserRoles,
  suspendUser,
  type User,
} from '../../contract/users.ts'
import { Refusal } from '../../domain/errors.ts'
import { listSiteRoles as assignableRoles, mayChangeRole } from '../../domain/rbac/assignable.ts'
import { forbidden, notFound } from '../../domain/refusals.ts'
import { type Actor, requireMay, requireRead } from '../access.ts'
import { audit } from '../audit.ts'
import { type ApiContext, route } from '../route.ts'
import { reread, resolveUser } from '../users.ts'
import { findCustomRoles, keepAnOwner, refuseSystemUser, requireAbove } from './guards.ts'
import { changePassword } from './password.ts'

type Change = { user: FindUserRow; actor: Actor; request: Request }

export function userStanding(context: ApiContext): Router {
  const router = Router()
  const { db } = context

  route(router, context, suspendUser, async ({ params }, { actor, request }) => {
    const user = await resolveUser(db, params.user, actor)
    return await changeStatus(context, { user, actor, request, status: 'suspended' })
  })

  route(router, context, activateUser, async ({ params }, { actor, request }) => {
    const user = await resolveUser(db, params.user, actor)
    return await changeStatus(context, { user, actor, request, status: 'active' })
  })

  route(router, context, listSiteRoles, async (_input, { actor }) => {
    requireRead(actor, { type: 'assign_role' })
    return assignableRoles(actor.subject).map(({ name, displayName, assignable, builtIn }) => ({
      name,
      display_name: displayName,
      assignable,
      built_in: builtIn,
    }))
  })

  route(router, context, getUserRoles, async ({ params }, { actor }) => {
    const { id, roles } = await resolveUser(db, params.user, actor)
    const memberships = await listMemberRoles(db, { userId: id })
    return { roles, organization_roles: Object.fromEntries(memberships.map((one) => [one.organizationId, one.roles])) }
  })

  route(router, context, setUserRoles, async ({ params, body }, { actor, request }) => {
    const user = await resolveUser(db, params.user, actor)
    return await changeRoles(context, { user, actor, request, roles: body.roles })
  })

  route(router, context, setPassword, async ({ params, body }, who) => {
    const user = await resolveUser(db, params.user, who.actor)
    await changePassword(context, { user, ...who, body })
    return undefined
  })

  return router
}

/** Suspending needs nothing else: every request looks at the status of its user. */
async function changeStatus(
  { db }: ApiContext,
  { user, actor, request, status }: Change & { status: 'active' | 'suspended' },
): Promise<User> {
  requireMay(actor, 'update', { type: 'user', id: user.id })
  refuseSystemUser(user)
  if (status === 'suspended' && user.id === actor.id) throw new Refusal('invalid', 'You cannot suspend yourself.')
  await requireAbove(db, { actor, user })
  return await db.transaction(async (tx) => {
    if (status === 'suspended') await keepAnOwner(tx, { without: user.id })
    const locked = await lockUser(tx, { id: user.id })
    if (!locked) throw notFound()
    await requireAbove(tx, { actor, user: locked }) // he may have been given more meanwhile
    await setUserStatus(tx, { id: user.id, status })
    await audit(
      tx,
      { actor, request },
      { action: 'write', target: targetOf(user), before: { status: locked.status }, after: { status } },
    )
    return await reread(tx, user.id)
  })
}

async function changeRoles(
  { db }: ApiContext,
  { user, actor, request, roles }: Change & { roles: readonly string[] },
): Promise<User> {
  refuseSystemUser(user)
  const wanted = new Set(roles.filter((name) => name !== 'member')) // which everybody has
  return await db.transaction(async (tx) => {
    if (!wanted.has('owner')) await keepAnOwner(tx, { without: user.id })
    const locked = await lockUser(tx, { id: user.id })
    if (!locked) throw notFound()
    const held = new Set(locked.roles)
    const customRoles = await findCustomRoles(tx, [...wanted, ...held])
    const known = new Set(assignableRoles(actor.subject, customRoles).map(({ name }) => name))
    const unknown = [...wanted].filter((name) => !known.has(name))
    if (unknown.length > 0) {
      const validations = unknown.map((name) => ({ field: 'roles', detail: `There is no role "${name}".` }))
      throw new Refusal('invalid', 'Validation failed.', { validations })
    }
    const changes = [
      ...[...wanted].filter((name) => !held.has(name)).map((name) => ({ action: 'assign' as const, name })),
      // One that no longer exists gives nothing: whoever may give any other role may clear it away.
      ...[...held].filter((name) => !wanted.has(name) && known.has(name)).map((name) => unassign(name)),
    ]
    for (const change of changes.length === 0 ? [{ action: 'assign' as const, name: 'member' }] : changes) {
      if (!mayChangeRole(actor.subject, { ...change, customRoles })) {
        throw forbidden(`The role "${change.name}" is not yours to give or to take.`)
      }
    }
    const after = [...wanted].toSorted()
    await writeRoles(tx, { id: user.id, roles: after })
    await audit(
      tx,
      { actor, request },
      { action: 'write', target: targetOf(user), before: { roles: locked.roles }, after: { roles: after } },
    )
    return await reread(tx, user.id)
  })
}

function unassign(name: string): { action: 'unassign'; name: string } {
  return { action: 'unassign', name }
}

function targetOf({ id, username }: FindUserRow) {
  return { type: 'user', id, name: username }
}
