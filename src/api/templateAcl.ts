// Who may use one template, or all with it, whatever his roles say.
import { Router } from 'express'
import type { Db, Tx } from '../../sql/database.ts'
import { listGroups } from '../../sql/groups.sql.ts'
import {
  listGrantableUsers,
  listUsersOfIds,
  removeTemplateGrants,
  setTemplateGrant,
} from '../../sql/template_acl.sql.ts'
import { findTemplate, type FindTemplateRow, lockTemplate } from '../../sql/templates.sql.ts'
import { getTemplateAcl, listTemplateAclAvailable, updateTemplateAcl } from '../contract/templateAcl.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { type Acl, aclActions, aclRole, isAclRole } from '../domain/rbac/acl.ts'
import { may } from '../domain/rbac/may.ts'
import { notFound } from '../domain/refusals.ts'
import { Refusal, type Validation } from '../domain/errors.ts'
import { type Actor, requireMay, templateTarget } from './access.ts'
import { audit } from './audit.ts'
import { groupShapes, groupTarget, MAX_MEMBERS_IN_LISTS, reducedUserShape } from './groups/shape.ts'
import { asId } from './ids.ts'
import { type ApiContext, route } from './route.ts'
import { readableTemplate } from './templates.ts'
import { userShape } from './users/shape.ts'

export function templateAcl(context: ApiContext): Router {
  const router = Router()
  serveReading(router, context)
  serveChanges(router, context)
  return router
}

function serveReading(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, getTemplateAcl, async ({ params }, { actor }) => {
    const template = await readableTemplate(db, params.template, actor)
    const target = templateTarget(template)
    requireMay(actor, 'update', target)
    const { userAcl = {}, groupAcl = {} } = target
    const users = await listUsersOfIds(db, { ids: Object.keys(userAcl), limit: MAX_PAGE })
    const { organizationId } = template
    const ids = Object.keys(groupAcl)
    const rows = await listGroups(db, { organizationId, ids, includeSystem: false, limit: MAX_PAGE })
    const groups = await groupShapes(db, rows, { actor, includeSystem: false, perGroup: MAX_MEMBERS_IN_LISTS })
    return {
      users: users.map((row) => ({ ...userShape(row), role: aclRole(userAcl[row.id] ?? []) })),
      group: groups.map((group) => ({ ...group, role: aclRole(groupAcl[group.id] ?? []) })),
    }
  })

  route(router, context, listTemplateAclAvailable, async ({ params, query }, { actor }) => {
    const template = await readableTemplate(db, params.template, actor)
    requireMay(actor, 'update', templateTarget(template))
    const { organizationId } = template
    const users = await listGrantableUsers(db, { organizationId, text: query.q, limit: MAX_PAGE })
    const groups = await listGroups(db, { organizationId, ids: null, includeSystem: false, limit: MAX_PAGE })
    const wanted = groups.filter(
      (row) =>
        may(actor.subject, 'read', groupTarget(row)) &&
        `${row.name} ${row.displayName}`.toLowerCase().includes(query.q.toLowerCase()),
    )
    return {
      users: users.filter(({ id }) => may(actor.subject, 'read', { type: 'user', id })).map(reducedUserShape),
      groups: await groupShapes(db, wanted, { actor, includeSystem: false, perGroup: MAX_MEMBERS_IN_LISTS }),
    }
  })
}

function serveChanges(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, updateTemplateAcl, async ({ params, body }, who) => {
    const { id } = await readableTemplate(db, params.template, who.actor)
    await db.transaction(async (tx) => {
      await lockTemplate(tx, { id })
      const before = await readableTemplate(tx, id, who.actor)
      // Not `update`: whoever may edit a template must not thereby give it to others.
      requireMay(who.actor, 'create', templateTarget(before))
      const change = { users: lowered(body.user_perms), groups: lowered(body.group_perms) }
      await refuseUnknown(tx, before, { ...change, actor: who.actor })
      await store(tx, id, change)
      await audit(tx, who, {
        action: 'write',
        target: { type: 'template', id, name: before.name },
        organizationId: before.organizationId,
        before: listsOf(before),
        after: listsOf(await foundTemplate(tx, id)),
      })
    })
    return { message: 'Successfully updated template ACL list.' }
  })
}

type Perms = ReadonlyMap<string, string>
type Change = { users: Perms; groups: Perms }

function lowered(perms: Readonly<Record<string, string>> | undefined): Perms {
  return new Map(Object.entries(perms ?? {}).map(([id, role]) => [id.toLowerCase(), role]))
}

/**
 * Strangers whom the caller may not see do not exist for him.
 * Who is on the list may be taken off, even when he is gone.
 */
async function refuseUnknown(
  db: Db,
  template: FindTemplateRow,
  { users, groups, actor }: Change & { actor: Actor },
): Promise<void> {
  const { userAcl = {}, groupAcl = {} } = templateTarget(template)
  const people = await listUsersOfIds(db, { ids: idsOf(users), limit: MAX_PAGE })
  const { organizationId } = template
  const rows = await listGroups(db, { organizationId, ids: idsOf(groups), includeSystem: false, limit: MAX_PAGE })
  const seen = ({ id, organizationIds }: (typeof people)[number]) =>
    Object.hasOwn(userAcl, id) ||
    (organizationIds ?? []).includes(organizationId) ||
    may(actor.subject, 'read', { type: 'user', id })
  const validations = [
    ...wrongEntries(users, { field: 'user_perms', noun: 'user', known: people.filter(seen), listed: userAcl }),
    ...wrongEntries(groups, { field: 'group_perms', noun: 'group', known: rows, listed: groupAcl }),
  ]
  if (validations.length === 0) return
  throw new Refusal('invalid', 'Invalid request to update template metadata!', { validations })
}

function idsOf(perms: Perms): string[] {
  return [...perms.keys()].filter((id) => asId(id) !== null)
}

type Known = { field: string; noun: string; known: readonly { id: string }[]; listed: Acl }

function wrongEntries(perms: Perms, { field, noun, known, listed }: Known): Validation[] {
  const ids = new Set(known.map(({ id }) => id))
  return [...perms].flatMap(([id, role]) => {
    if (!isAclRole(role)) return [{ field, detail: `"${role}" is not a role on a template: use admin, use or "".` }]
    if (ids.has(id) || (role === '' && Object.hasOwn(listed, id))) return []
    return [{ field, detail: `There is no ${noun} "${id}".` }]
  })
}

async function store(tx: Tx, templateId: string, { users, groups }: Change): Promise<void> {
  await removeTemplateGrants(tx, { templateId, userIds: takenOff(users), groupIds: takenOff(groups) })
  for (const [userId, role] of users) {
    if (isAclRole(role) && role !== '') {
      await setTemplateGrant(tx, { templateId, userId, groupId: null, actions: aclActions(role) })
    }
  }
  for (const [groupId, role] of groups) {
    if (isAclRole(role) && role !== '') {
      await setTemplateGrant(tx, { templateId, userId: null, groupId, actions: aclActions(role) })
    }
  }
}

function takenOff(perms: Perms): string[] {
  return [...perms].flatMap(([id, role]) => (role === '' ? [id] : []))
}

/** Whatever the caller has left himself on it. */
async function foundTemplate(tx: Tx, id: string): Promise<FindTemplateRow> {
  const found = await findTemplate(tx, { id, organizationId: null, name: null })
  if (!found) throw notFound()
  return found
}

function listsOf(row: FindTemplateRow) {
  const { userAcl = {}, groupAcl = {} } = templateTarget(row)
  return { user_acl: written(userAcl), group_acl: written(groupAcl) }
}

function written(acl: Acl): Record<string, string[]> {
  return Object.fromEntries(Object.entries(acl).map(([id, actions]) => [id, [...actions]]))
}
