// What somebody may do, asked beforehand: pages show what would work. Nothing here is a permission.
import { Router } from 'express'
import type { Db } from '../../sql/database.ts'
import { findTemplate } from '../../sql/templates.sql.ts'
import { findWorkspace } from '../../sql/workspaces.sql.ts'
import { type AuthorizationCheck, checkAuthorization } from '../contract/authcheck.ts'
import { explainMay, may, type Target, type Verdict } from '../domain/rbac/may.ts'
import { isActionOf, isResourceType } from '../domain/rbac/resources.ts'
import { type Actor, requireMay, templateTarget, workspaceTarget } from './access.ts'
import { asId } from './ids.ts'
import { type ApiContext, route } from './route.ts'

export function authcheck(context: ApiContext): Router {
  const router = Router()

  route(router, context, checkAuthorization, async ({ query, body }, { actor }) => {
    const explains = query.explain === '1' || query.explain === 'true'
    if (explains) requireMay(actor, 'read', { type: 'debug_info' })
    const answers: [string, boolean | Verdict][] = []
    for (const [name, check] of Object.entries(body.checks)) {
      const verdict = await decide(context.db, { actor, check })
      answers.push([name, explains ? verdict : verdict.allowed])
    }
    return Object.fromEntries(answers)
  })

  return router
}

type Asked = { actor: Actor; check: AuthorizationCheck }

async function decide(db: Db, { actor, check: { object, action } }: Asked): Promise<Verdict> {
  const type = object.resource_type
  if (!isResourceType(type) || !isActionOf(type, action)) return { allowed: false, level: 'unknown_action' }
  const target = await loadTarget(db, { type, object, actor })
  return target ? explainMay(actor.subject, action, target) : { allowed: false, level: 'default' }
}

type Named = { type: Target['type']; object: AuthorizationCheck['object']; actor: Actor }

/** Null: there is none, or none that he may know of. */
async function loadTarget(db: Db, { type, object, actor }: Named): Promise<Target | null> {
  const { resource_id: resourceId, owner_id: owner, organization_id: organizationId, any_org: anyOrganization } = object
  if (resourceId && (type === 'template' || type === 'workspace')) {
    const id = asId(resourceId)
    const target = id && (type === 'template' ? await findTemplateTarget(db, id) : await findWorkspaceTarget(db, id))
    return target && may(actor.subject, 'read', target) ? target : null
  }
  const ownerId = owner === 'me' ? actor.id : owner
  return {
    type,
    ...(resourceId ? { id: resourceId } : {}),
    ...(ownerId ? { ownerId } : {}),
    ...(organizationId ? { organizationId } : {}),
    ...(anyOrganization ? { anyOrganization } : {}),
  }
}

async function findTemplateTarget(db: Db, id: string): Promise<Target | null> {
  const row = await findTemplate(db, { id, organizationId: null, name: null })
  return row && row.deletedAt === null ? templateTarget(row) : null
}

async function findWorkspaceTarget(db: Db, id: string): Promise<Target | null> {
  const row = await findWorkspace(db, { id })
  return row && row.deletedAt === null ? workspaceTarget(row) : null
}
