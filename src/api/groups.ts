import { Router } from 'express'
import { type Db, isUniqueViolation } from '../../sql/database.ts'
import {
  deleteGroup as deleteRow,
  findGroup,
  type FindGroupRow,
  insertGroup,
  listGroups as listRows,
  lockGroup,
} from '../../sql/groups.sql.ts'
import {
  createGroup,
  deleteGroup,
  getGroup,
  getGroupByName,
  type Group,
  listGroups,
  updateGroup,
} from '../contract/groups.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { Refusal } from '../domain/errors.ts'
import { may } from '../domain/rbac/may.ts'
import { notFound } from '../domain/refusals.ts'
import { type Actor, requireMay, requireRead } from './access.ts'
import { audit } from './audit.ts'
import { changeGroup, factsOf, isEveryone, refuseChange, refuseEveryoneName } from './groups/change.ts'
import { groupShapes, groupTarget, MAX_MEMBERS_IN_LISTS } from './groups/shape.ts'
import { resolveOrganization } from './organizations.ts'
import { type ApiContext, route } from './route.ts'

export function groups(context: ApiContext): Router {
  const router = Router()
  serveReading(router, context)
  serveCreation(router, context)
  serveChanges(router, context)
  return router
}

function serveReading(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, listGroups, async ({ params, query }, { actor }) => {
    const { id: organizationId } = await resolveOrganization(db, params.organization, actor)
    const includeSystem = query.include_system
    const rows = await listRows(db, { organizationId, ids: null, includeSystem, limit: MAX_PAGE })
    const visible = rows.filter((row) => may(actor.subject, 'read', groupTarget(row)))
    return await groupShapes(db, visible, { actor, includeSystem, perGroup: MAX_MEMBERS_IN_LISTS })
  })

  route(router, context, getGroupByName, async ({ params, query }, { actor }) => {
    const { id: organizationId } = await resolveOrganization(db, params.organization, actor)
    const includeSystem = query.include_system
    const row = await findGroup(db, { id: null, organizationId, name: params.name, includeSystem })
    if (!row) throw notFound()
    requireRead(actor, groupTarget(row))
    return await oneShape(db, row, { actor, includeSystem })
  })

  route(router, context, getGroup, async ({ params, query }, { actor }) => {
    const includeSystem = query.include_system
    return await oneShape(db, await readableGroup(db, { id: params.group, actor, includeSystem }), {
      actor,
      includeSystem,
    })
  })
}

function serveCreation(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, createGroup, async ({ params, body }, who) => {
    const { actor } = who
    const { id: organizationId } = await resolveOrganization(db, params.organization, actor)
    requireMay(actor, 'create', { type: 'group', organizationId })
    refuseEveryoneName(body.name)
    const made = await db
      .transaction(async (tx) => {
        const { id } = await insertGroup(tx, {
          organizationId,
          name: body.name,
          displayName: body.display_name ?? '',
          avatarUrl: body.avatar_url ?? '',
          quotaAllowance: body.quota_allowance ?? 0,
        })
        const row = await foundGroup(tx, id)
        await audit(tx, who, { action: 'create', ...auditTarget(row), after: factsOf(row) })
        return row
      })
      .catch((error: unknown) => {
        throw isUniqueViolation(error, 'groups_name') ? nameTaken(body.name) : error
      })
    return await oneShape(db, made, { actor, includeSystem: false })
  })
}

function serveChanges(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, updateGroup, async ({ params, body: given }, who) => {
    const { actor } = who
    const body = { ...given, add_users: lowered(given.add_users), remove_users: lowered(given.remove_users) }
    const { id } = await readableGroup(db, { id: params.group, actor, includeSystem: false })
    const after = await db
      .transaction(async (tx) => {
        await lockGroup(tx, { id })
        const before = await foundGroup(tx, id)
        requireMay(actor, 'update', groupTarget(before))
        refuseChange(before, body)
        const { added, removed } = await changeGroup(tx, before, body)
        const row = await foundGroup(tx, id)
        await audit(tx, who, {
          action: 'write',
          ...auditTarget(row),
          before: { ...factsOf(before), members: removed },
          after: { ...factsOf(row), members: added },
        })
        return row
      })
      .catch((error: unknown) => {
        throw isUniqueViolation(error, 'groups_name') ? nameTaken(body.name ?? '') : error
      })
    return await oneShape(db, after, { actor, includeSystem: false })
  })

  route(router, context, deleteGroup, async ({ params }, who) => {
    const { id } = await readableGroup(db, { id: params.group, actor: who.actor, includeSystem: false })
    await db.transaction(async (tx) => {
      await lockGroup(tx, { id })
      const row = await foundGroup(tx, id)
      requireMay(who.actor, 'delete', groupTarget(row))
      if (isEveryone(row)) throw new Refusal('invalid', `"${row.name}" is a reserved group and cannot be deleted!`)
      await deleteRow(tx, { id })
      await audit(tx, who, { action: 'delete', ...auditTarget(row), before: factsOf(row) })
    })
    return { message: 'Successfully deleted group!' }
  })
}

type Reading = { actor: Actor; includeSystem: boolean }

async function readableGroup(db: Db, { id, actor, includeSystem }: Reading & { id: string }): Promise<FindGroupRow> {
  const row = await findGroup(db, { id, organizationId: null, name: null, includeSystem })
  if (!row) throw notFound()
  requireRead(actor, groupTarget(row))
  return row
}

async function foundGroup(db: Db, id: string): Promise<FindGroupRow> {
  const row = await findGroup(db, { id, organizationId: null, name: null, includeSystem: false })
  if (!row) throw notFound()
  return row
}

async function oneShape(db: Db, row: FindGroupRow, { actor, includeSystem }: Reading): Promise<Group> {
  const [shape] = await groupShapes(db, [row], { actor, includeSystem, perGroup: MAX_PAGE })
  if (!shape) throw notFound()
  return shape
}

function lowered(ids: readonly string[] | undefined): string[] {
  return (ids ?? []).map((id) => id.toLowerCase())
}

function auditTarget({ id, name, organizationId }: FindGroupRow) {
  return { target: { type: 'group', id, name }, organizationId }
}

function nameTaken(name: string): Refusal {
  return new Refusal('conflict', `A group named "${name}" already exists.`, {
    validations: [{ field: 'name', detail: 'This value is already in use and should be unique.' }],
  })
}
