import { Router } from 'express'
import { findOrganization, type FindOrganizationRow, insertOrganization } from '../../sql/identity.sql.ts'
import { type Db, isUniqueViolation } from '../../sql/database.ts'
import {
  addMember,
  deleteOrganization as deleteRow,
  findDependents,
  listOrganizations as listRows,
  lockOrganization,
  updateOrganization as updateRow,
} from '../../sql/organizations.sql.ts'
import {
  createOrganization,
  deleteOrganization,
  getOrganization,
  listOrganizations,
  listUserOrganizations,
  type Organization,
  updateOrganization,
} from '../contract/organizations.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { Refusal } from '../domain/errors.ts'
import { may, type Target } from '../domain/rbac/may.ts'
import { notFound } from '../domain/refusals.ts'
import { type Actor, requireMay } from './access.ts'
import { audit, type AuditEntry } from './audit.ts'
import { type ApiContext, type Exchange, route } from './route.ts'
import { asId } from './ids.ts'
import { resolveUser } from './users.ts'
import { iso } from './wire/time.ts'

/** Paths take this word for the default organization, whatever its name. */
const DEFAULT = 'default'

export function organizations(context: ApiContext): Router {
  const router = Router()
  serveReading(router, context)
  serveCreation(router, context)
  serveChanges(router, context)
  return router
}

function serveReading(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, listUserOrganizations, async ({ params }, { actor }) => {
    const user = await resolveUser(db, params.user, actor)
    return await listReadable(db, { actor, ids: user.organizationIds ?? [] })
  })

  route(router, context, listOrganizations, async (_input, { actor }) => {
    const all = may(actor.subject, 'read', { type: 'organization' })
    const ids = all ? null : actor.subject.memberships.map(({ organizationId }) => organizationId)
    return await listReadable(db, { actor, ids })
  })

  route(router, context, getOrganization, async ({ params }, { actor }) =>
    organizationShape(await resolveOrganization(db, params.organization, actor)),
  )
}

function serveCreation(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, createOrganization, async ({ body }, who) => {
    requireMay(who.actor, 'create', { type: 'organization' })
    refuseReserved(body.name)
    const { name, display_name: displayName = '', description = '', icon = '' } = body
    const made = await db
      .transaction(async (tx) => {
        const { id } = await insertOrganization(tx, { name, displayName, isDefault: false })
        await updateRow(tx, { id, name, displayName, description, icon })
        await addMember(tx, { userId: who.actor.id, organizationId: id, roles: ['organization-admin'] })
        const row = await findOrganization(tx, { id, name: null })
        if (!row) throw new Error(`organization ${id} is gone as soon as it was made`)
        await auditOrganization(tx, who, { action: 'create', row, after: row })
        return row
      })
      .catch((error: unknown) => {
        throw isUniqueViolation(error, 'organizations_name') ? nameTaken() : error
      })
    return organizationShape(made)
  })
}

function serveChanges(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, updateOrganization, async ({ params, body }, who) => {
    const { id } = await resolveOrganization(db, params.organization, who.actor)
    requireMay(who.actor, 'update', organizationTarget(id))
    const changed = await db
      .transaction(async (tx) => {
        const before = await lockOrganization(tx, { id })
        if (!before) throw notFound()
        if (body.name !== undefined && !before.isDefault) refuseReserved(body.name)
        await updateRow(tx, {
          id,
          name: body.name ?? before.name,
          displayName: body.display_name ?? before.displayName,
          description: body.description ?? before.description,
          icon: body.icon ?? before.icon,
        })
        const after = await findOrganization(tx, { id, name: null })
        if (!after) throw notFound()
        await auditOrganization(tx, who, { action: 'write', row: after, before, after })
        return after
      })
      .catch((error: unknown) => {
        throw isUniqueViolation(error, 'organizations_name') ? nameTaken() : error
      })
    return organizationShape(changed)
  })

  route(router, context, deleteOrganization, async ({ params }, who) => {
    const { id } = await resolveOrganization(db, params.organization, who.actor)
    requireMay(who.actor, 'delete', organizationTarget(id))
    await db.transaction(async (tx) => {
      const row = await lockOrganization(tx, { id })
      if (!row) throw notFound()
      if (row.isDefault) throw new Refusal('invalid', 'The default organization cannot be deleted.')
      const { hasTemplates, hasWorkspaces } = await findDependents(tx, { id })
      if (hasTemplates || hasWorkspaces) {
        const what = [...(hasWorkspaces ? ['workspaces'] : []), ...(hasTemplates ? ['templates'] : [])].join(' and ')
        throw new Refusal('has-dependents', `Organization "${row.name}" still has ${what}.`, {
          detail: `Delete its ${what} first.`,
        })
      }
      await deleteRow(tx, { id })
      await auditOrganization(tx, who, { action: 'delete', row, before: row })
    })
    return { message: 'Organization has been deleted.' }
  })
}

export async function resolveOrganization(db: Db, organization: string, actor: Actor): Promise<FindOrganizationRow> {
  const id = asId(organization)
  const name = id === null && organization !== DEFAULT ? organization : null
  const found = await findOrganization(db, { id, name })
  if (!found || !may(actor.subject, 'read', organizationTarget(found.id))) throw notFound()
  return found
}

function organizationTarget(id: string): Target {
  return { type: 'organization', id, organizationId: id }
}

async function listReadable(
  db: Db,
  { actor, ids }: { actor: Actor; ids: readonly string[] | null },
): Promise<Organization[]> {
  const rows = await listRows(db, { ids, limit: MAX_PAGE })
  return rows.filter(({ id }) => may(actor.subject, 'read', organizationTarget(id))).map(organizationShape)
}

/** Else nobody could say which of the two he means. */
function refuseReserved(name: string): void {
  if (name.toLowerCase() !== DEFAULT) return
  throw new Refusal('invalid', `Organization name "${name}" is reserved.`, {
    validations: [{ field: 'name', detail: 'this word is reserved' }],
  })
}

function nameTaken(): Refusal {
  return new Refusal('conflict', 'Organization already exists with the name you specified.', {
    validations: [{ field: 'name', detail: 'This value is already in use and should be unique.' }],
  })
}

type Change = {
  action: AuditEntry['action']
  row: FindOrganizationRow
  before?: FindOrganizationRow
  after?: FindOrganizationRow
}

async function auditOrganization(
  db: Db,
  who: { actor: Actor } & Exchange,
  { action, row, before, after }: Change,
): Promise<void> {
  await audit(db, who, {
    action,
    target: { type: 'organization', id: row.id, name: row.name },
    organizationId: row.id,
    ...(before ? { before: wordsOf(before) } : {}),
    ...(after ? { after: wordsOf(after) } : {}),
  })
}

function wordsOf({ name, displayName, description, icon }: FindOrganizationRow) {
  return { name, display_name: displayName, description, icon }
}

function organizationShape(row: FindOrganizationRow): Organization {
  return {
    id: row.id,
    name: row.name,
    display_name: row.displayName,
    icon: row.icon,
    description: row.description,
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
    is_default: row.isDefault,
  }
}
