import { Router } from 'express'
import { findOrganization, type FindOrganizationRow, listOrganizationsOf } from '../../sql/identity.sql.ts'
import type { Db } from '../../sql/database.ts'
import {
  getOrganization,
  listOrganizations,
  listUserOrganizations,
  type Organization,
} from '../contract/organizations.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { may } from '../domain/rbac/may.ts'
import { notFound } from '../domain/refusals.ts'
import type { Actor } from './access.ts'
import { type ApiContext, route } from './route.ts'
import { asId } from './ids.ts'
import { resolveUser } from './users.ts'
import { iso } from './wire/time.ts'

export function organizations(context: ApiContext): Router {
  const router = Router()
  const { db } = context

  route(router, context, listUserOrganizations, async ({ params }, { actor }) => {
    const user = await resolveUser(db, params.user, actor)
    return (await listOrganizationsOf(db, { userId: user.id, limit: MAX_PAGE })).map(organizationShape)
  })

  route(router, context, listOrganizations, async (_input, { actor }) =>
    (await listOrganizationsOf(db, { userId: actor.id, limit: MAX_PAGE })).map(organizationShape),
  )

  route(router, context, getOrganization, async ({ params }, { actor }) =>
    organizationShape(await resolveOrganization(db, params.organization, actor)),
  )

  return router
}

export async function resolveOrganization(db: Db, organization: string, actor: Actor): Promise<FindOrganizationRow> {
  const id = asId(organization)
  const name = id === null && organization !== 'default' ? organization : null
  const found = await findOrganization(db, { id, name })
  if (!found || !may(actor.subject, 'read', { type: 'organization', id: found.id, organizationId: found.id })) {
    throw notFound()
  }
  return found
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
