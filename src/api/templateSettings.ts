import { Router } from 'express'
import { isUniqueViolation } from '../../sql/database.ts'
import { removeTemplateGrants } from '../../sql/template_acl.sql.ts'
import { findTemplate, type FindTemplateRow, lockTemplate, setTemplateSettings } from '../../sql/templates.sql.ts'
import { updateTemplate } from '../contract/templates.ts'
import type { Input } from '../contract/endpoint.ts'
import { notFound } from '../domain/refusals.ts'
import { requireMay, templateTarget } from './access.ts'
import { audit } from './audit.ts'
import { type ApiContext, route } from './route.ts'
import { nameTaken, readableTemplate } from './templates.ts'
import { templateShape } from './wire/templates.ts'

export function templateSettings(context: ApiContext): Router {
  const router = Router()
  const { db } = context

  route(router, context, updateTemplate, async ({ params, body }, who) => {
    const { id } = await readableTemplate(db, params.template, who.actor)
    const { row, changed } = await db
      .transaction(async (tx) => {
        if (!(await lockTemplate(tx, { id }))) throw notFound()
        const before = await readableTemplate(tx, id, who.actor)
        requireMay(who.actor, 'update', templateTarget(before))
        const old = settingsOf(before)
        const wanted = settingsFrom(before, body)
        if (JSON.stringify(old) === JSON.stringify(wanted)) return { row: before, changed: false }
        if (old.everyone_group_access && !wanted.everyone_group_access) {
          requireMay(who.actor, 'create', templateTarget(before)) // as every change of the access list
          await removeTemplateGrants(tx, { templateId: id, userIds: [], groupIds: [before.organizationId] })
        }
        await setTemplateSettings(tx, {
          id,
          name: wanted.name,
          displayName: wanted.display_name,
          description: wanted.description,
          icon: wanted.icon,
          deprecated: wanted.deprecation_message,
          requireActiveVersion: wanted.require_active_version,
        })
        await audit(tx, who, {
          action: 'write',
          target: { type: 'template', id, name: wanted.name },
          organizationId: before.organizationId,
          before: old,
          after: wanted,
        })
        const after = await findTemplate(tx, { id, organizationId: null, name: null })
        return { row: after ?? before, changed: true }
      })
      .catch((error: unknown) => {
        throw isUniqueViolation(error, 'templates_name') ? nameTaken(body.name ?? '') : error
      })
    if (!changed) who.response.status(304)
    return templateShape(row)
  })

  return router
}

type Body = Input<typeof updateTemplate>['body']

function settingsOf(row: FindTemplateRow) {
  return {
    name: row.name,
    display_name: row.displayName,
    description: row.description,
    icon: row.icon,
    deprecation_message: row.deprecated,
    require_active_version: row.requireActiveVersion,
    everyone_group_access: Object.hasOwn(templateTarget(row).groupAcl ?? {}, row.organizationId),
  }
}

function settingsFrom(row: FindTemplateRow, body: Body): ReturnType<typeof settingsOf> {
  const old = settingsOf(row)
  return {
    name: body.name ?? old.name,
    display_name: body.display_name ?? old.display_name,
    description: body.description ?? old.description,
    icon: body.icon ?? old.icon,
    deprecation_message: body.deprecation_message ?? old.deprecation_message,
    require_active_version: body.require_active_version ?? old.require_active_version,
    everyone_group_access: old.everyone_group_access && body.disable_everyone_group_access !== true,
  }
}
