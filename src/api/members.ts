import { Router } from 'express'
import type { Db } from '../../sql/database.ts'
import {
  addMember,
  countMembers,
  deleteMember,
  leaveGroups,
  listCustomRoles,
  listMembers as listRows,
  type ListMembersRow,
  lockMember,
  setMemberRoles,
} from '../../sql/organizations.sql.ts'
import {
  createMember,
  listAssignableOrganizationRoles,
  listMembers,
  listMembersInPages,
  removeMember,
  setOrganizationRoles,
} from '../contract/organizations.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { Refusal } from '../domain/errors.ts'
import { listOrganizationRoles, mayChangeRole } from '../domain/rbac/assignable.ts'
import { may, type Target } from '../domain/rbac/may.ts'
import type { CustomRole } from '../domain/rbac/roles.ts'
import { forbidden, notFound } from '../domain/refusals.ts'
import { type Actor, requireMay } from './access.ts'
import { audit } from './audit.ts'
import { parseMemberQuery } from './members/query.ts'
import { memberShape, memberWithUserShape, plainRole, readRoles } from './members/shape.ts'
import { resolveOrganization } from './organizations.ts'
import { type ApiContext, route } from './route.ts'
import { resolveUser } from './users.ts'

export function members(context: ApiContext): Router {
  const router = Router()
  serveReading(router, context)
  serveMembership(router, context)
  serveRoles(router, context)
  return router
}

function serveReading(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, listMembers, async ({ params, query }, { actor }) => {
    const organization = await resolveOrganization(db, params.organization, actor)
    const filter = { ...filterFor(actor, organization.id, query.q), organizationId: organization.id }
    const rows = await listRows(db, { ...filter, limit: MAX_PAGE, offset: 0 })
    return await shapes(db, { rows: readable(actor, rows), organizationId: organization.id })
  })

  route(router, context, listMembersInPages, async ({ params, query }, { actor }) => {
    const organization = await resolveOrganization(db, params.organization, actor)
    const filter = { ...filterFor(actor, organization.id, query.q), organizationId: organization.id }
    const rows = await listRows(db, { ...filter, limit: query.limit || MAX_PAGE, offset: query.offset })
    const { count } = await countMembers(db, filter)
    return { members: await shapes(db, { rows: readable(actor, rows), organizationId: organization.id }), count }
  })
}

function serveMembership(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, createMember, async ({ params }, who) => {
    const organization = await resolveOrganization(db, params.organization, who.actor)
    const user = await resolveUser(db, params.user, who.actor)
    const key = { userId: user.id, organizationId: organization.id }
    requireMay(who.actor, 'create', memberTarget(key))
    return await db.transaction(async (tx) => {
      const row = await addMember(tx, { ...key, roles: [] })
      if (!row) {
        throw new Refusal('invalid', 'Organization member already exists in this organization.', {
          detail: `${user.username} is already a member of ${organization.name}.`,
        })
      }
      await audit(tx, who, { action: 'create', ...targetOf(key, user.username), after: { roles: [] } })
      return memberShape(row, [])
    })
  })

  route(router, context, removeMember, async ({ params }, who) => {
    const organization = await resolveOrganization(db, params.organization, who.actor)
    const user = await resolveUser(db, params.user, who.actor)
    const key = { userId: user.id, organizationId: organization.id }
    requireMay(who.actor, 'delete', memberTarget(key))
    if (user.id === who.actor.id) throw new Refusal('invalid', 'You cannot remove yourself from an organization.')
    await db.transaction(async (tx) => {
      const row = await lockMember(tx, key)
      if (!row) throw notFound()
      const roles = row.roles.map((name) => plainRole(name, organization.id))
      // Who is put out and let in again has lost his roles.
      await requireRoleChange(tx, who.actor, { organizationId: organization.id, added: [], removed: roles })
      await leaveGroups(tx, key)
      await deleteMember(tx, key)
      await audit(tx, who, { action: 'delete', ...targetOf(key, user.username), before: { roles } })
    })
    return undefined
  })
}

function serveRoles(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, setOrganizationRoles, async ({ params, body }, who) => {
    const organization = await resolveOrganization(db, params.organization, who.actor)
    const user = await resolveUser(db, params.user, who.actor)
    const key = { userId: user.id, organizationId: organization.id }
    if (!may(who.actor.subject, 'read', memberTarget(key))) throw notFound()
    if (user.id === who.actor.id) throw new Refusal('invalid', 'You cannot change your own organization roles.')
    requireMay(who.actor, 'update', memberTarget(key))
    const customRoles = await customRolesOf(db, organization.id)
    const roles = readRoles(body.roles, { organizationId: organization.id, customRoles })
    return await db.transaction(async (tx) => {
      const before = await lockMember(tx, key)
      if (!before) throw notFound()
      const held = before.roles.map((name) => plainRole(name, organization.id))
      const added = roles.filter((name) => !held.includes(name))
      const removed = held.filter((name) => !roles.includes(name))
      await requireRoleChange(tx, who.actor, { organizationId: organization.id, added, removed })
      const row = await setMemberRoles(tx, { ...key, roles })
      await audit(tx, who, {
        action: 'write',
        ...targetOf(key, user.username),
        before: { roles: held },
        after: { roles },
      })
      return memberShape(row, customRoles)
    })
  })

  route(router, context, listAssignableOrganizationRoles, async ({ params }, { actor }) => {
    const { id: organizationId } = await resolveOrganization(db, params.organization, actor)
    requireMay(actor, 'read', { type: 'assign_org_role', organizationId })
    const customRoles = await customRolesOf(db, organizationId)
    return listOrganizationRoles(actor.subject, { organizationId, customRoles }).map((role) => ({
      name: role.name,
      display_name: role.displayName,
      organization_id: organizationId,
      built_in: role.builtIn,
      assignable: role.assignable,
    }))
  })
}

type MemberKey = { userId: string; organizationId: string }

function memberTarget({ userId, organizationId }: MemberKey): Target {
  return { type: 'organization_member', id: userId, ownerId: userId, organizationId }
}

/** Whoever may not see others sees himself; the words of the search only narrow that. */
function filterFor(actor: Actor, organizationId: string, text: string) {
  const { userId, includeSystem } = parseMemberQuery(text)
  const everybody = may(actor.subject, 'read', { type: 'organization_member', organizationId })
  const visible = everybody ? null : [actor.id]
  if (userId === undefined) return { userIds: visible, includeSystem }
  return { userIds: visible === null || visible.includes(userId) ? [userId] : [], includeSystem }
}

function readable(actor: Actor, rows: readonly ListMembersRow[]): ListMembersRow[] {
  return rows.filter((row) => may(actor.subject, 'read', memberTarget(row)))
}

async function shapes(db: Db, { rows, organizationId }: { rows: ListMembersRow[]; organizationId: string }) {
  const customRoles = await customRolesOf(db, organizationId)
  return rows.map((row) => memberWithUserShape(row, customRoles))
}

/** What they are called; what they grant is read with the one who asks. */
async function customRolesOf(db: Db, organizationId: string): Promise<CustomRole[]> {
  const rows = await listCustomRoles(db, { organizationId, limit: MAX_PAGE })
  return rows.map(({ name, displayName }) => ({ name, displayName, organizationId }))
}

type RoleDifference = { organizationId: string; added: readonly string[]; removed: readonly string[] }

/** Throws 403. Names that no role has any more grant nothing, so anybody may clear them away. */
async function requireRoleChange(
  db: Db,
  actor: Actor,
  { organizationId, added, removed }: RoleDifference,
): Promise<void> {
  const customRoles = await customRolesOf(db, organizationId)
  const roles = listOrganizationRoles(actor.subject, { organizationId, customRoles })
  const known = new Set(roles.map(({ name }) => name))
  const refused = [
    ...added.filter((name) => !mayChangeRole(actor.subject, { action: 'assign', name, organizationId, customRoles })),
    ...removed.filter(
      (name) =>
        known.has(name) && !mayChangeRole(actor.subject, { action: 'unassign', name, organizationId, customRoles }),
    ),
  ]
  if (refused.length > 0) throw forbidden(`You may not give or take the role ${refused.join(', ')}.`)
}

function targetOf({ userId, organizationId }: MemberKey, name: string) {
  return { target: { type: 'organization_member', id: userId, name }, organizationId }
}
