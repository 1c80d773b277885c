import { Router } from 'express'
import { isUniqueViolation, type Db } from '../../sql/database.ts'
import { findOrganization } from '../../sql/identity.sql.ts'
import { invalidatePresets, listPoolPresetIds } from '../../sql/presets.sql.ts'
import { findProvisionerJob } from '../../sql/provisioner_jobs.sql.ts'
import { grantTemplate } from '../../sql/template_acl.sql.ts'
import {
  attachTemplateVersion,
  findTemplate,
  type FindTemplateRow,
  findTemplateVersion,
  insertTemplate,
  listTemplates as listTemplateRows,
  listTemplateVersions as listVersionRows,
  lockTemplate,
  setActiveVersion,
} from '../../sql/templates.sql.ts'
import {
  createTemplate,
  getTemplate,
  getTemplateByName,
  getTemplateVersionByName,
  invalidatePrebuilds,
  listOrganizationTemplates,
  listTemplates,
  listTemplateVersions,
  promoteTemplateVersion,
} from '../contract/templates.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { defaultGroupAcl } from '../domain/rbac/acl.ts'
import { may } from '../domain/rbac/may.ts'
import { notFound } from '../domain/refusals.ts'
import { type Actor, requireMay, requireRead, templateTarget } from './access.ts'
import { audit, type AuditEntry, type Auditor } from './audit.ts'
import { Refusal } from '../domain/errors.ts'
import { TemplateManifest } from '../domain/manifest.ts'
import { type Causes, withWakes } from '../jobs/wakes.ts'
import { ensurePoolMembership } from '../poolMembership.ts'
import type { Tx } from '../../sql/database.ts'
import { type ApiContext, route } from './route.ts'
import { readableVersion } from './templateVersions.ts'
import { resolveOrganization } from './organizations.ts'
import { templateShape, versionShapes } from './wire/templates.ts'

export function templates(context: ApiContext): Router {
  const router = Router()
  serveReading(router, context)
  serveCreation(router, context)
  serveChanges(router, context)
  return router
}

function serveReading(router: Router, context: ApiContext): void {
  const { db } = context

  route(
    router,
    context,
    listTemplates,
    async (_input, { actor }) => await listReadable(db, { actor, organizationId: null }),
  )

  route(router, context, listOrganizationTemplates, async ({ params }, { actor }) => {
    const organization = await resolveOrganization(db, params.organization, actor)
    return await listReadable(db, { actor, organizationId: organization.id })
  })

  route(router, context, getTemplateByName, async ({ params }, { actor }) => {
    const organization = await resolveOrganization(db, params.organization, actor)
    const found = await findTemplate(db, { id: null, organizationId: organization.id, name: params.name })
    if (!found) throw notFound()
    requireRead(actor, templateTarget(found))
    return templateShape(found)
  })

  route(router, context, getTemplate, async ({ params }, { actor }) =>
    templateShape(await readableTemplate(db, params.template, actor)),
  )

  route(router, context, listTemplateVersions, async ({ params, query }, { actor }) => {
    const template = await readableTemplate(db, params.template, actor)
    const page = { limit: query.limit || MAX_PAGE, offset: query.offset }
    return await versionShapes(db, await listVersionRows(db, { templateId: template.id, ...page }))
  })

  route(router, context, getTemplateVersionByName, async ({ params }, { actor }) => {
    const template = await readableTemplate(db, params.template, actor)
    const version = await findTemplateVersion(db, { id: null, templateId: template.id, name: params.name })
    const [shape] = version ? await versionShapes(db, [version]) : []
    if (!shape) throw notFound()
    return shape
  })
}

function serveCreation(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, createTemplate, async ({ params, body }, who) => {
    const { actor } = who
    const organization = await resolveOrganization(db, params.organization, actor)
    requireMay(actor, 'create', { type: 'template', organizationId: organization.id })
    const version = await readableVersion(db, body.template_version_id, actor)
    if (version.organizationId !== organization.id) throw notFound()
    const job = await findProvisionerJob(db, { id: version.jobId })
    const declared = version.manifest === null ? undefined : TemplateManifest.parse(version.manifest)
    const id = await withWakes(db, async (tx, causes) => {
      const words = {
        displayName: body.display_name || (declared?.display_name ?? ''),
        description: body.description || (declared?.description ?? ''),
        icon: body.icon || (declared?.icon ?? ''),
      }
      const template = await insertTemplate(tx, {
        organizationId: organization.id,
        name: body.name,
        ...words,
        provisioner: job?.provisioner ?? 'process',
        activeVersionId: version.id,
        createdBy: actor.id,
      })
      // The row waited for whoever removes the organization at this moment.
      if (!(await findOrganization(tx, { id: organization.id, name: null }))) throw notFound()
      const attached = await attachTemplateVersion(tx, {
        id: version.id,
        templateId: template.id,
        organizationId: organization.id,
      })
      if (attached === 0) throw new Refusal('invalid', 'This version already belongs to a template, or is archived.')
      const everyone = body.disable_everyone_group_access ? '' : 'use'
      for (const [groupId, actions] of Object.entries(defaultGroupAcl({ organizationId: organization.id, everyone }))) {
        await grantTemplate(tx, { templateId: template.id, groupId, actions })
      }
      await wakePools(tx, causes, { versionId: version.id, cause: 'template created', actor })
      const { displayName, ...others } = words
      await auditTemplate(tx, who, {
        action: 'create',
        template: { id: template.id, name: body.name, organizationId: organization.id },
        after: {
          name: body.name,
          display_name: displayName,
          ...others,
          ...activeVersion(version),
          everyone_group_access: everyone !== '',
        },
      })
      return template.id
    }).catch((error: unknown) => {
      throw isUniqueViolation(error, 'templates_name') ? nameTaken(body.name) : error
    })
    return templateShape(await readableTemplate(db, id, actor))
  })
}

function serveChanges(router: Router, context: ApiContext): void {
  const { db } = context

  route(router, context, promoteTemplateVersion, async ({ params, body }, who) => {
    const { actor } = who
    const template = await readableTemplate(db, params.template, actor)
    requireMay(actor, 'update', templateTarget(template))
    const version = await readableVersion(db, body.id, actor)
    if (version.templateId !== template.id) throw new Refusal('invalid', 'The version belongs to another template.')
    if (version.archivedAt !== null) throw new Refusal('invalid', 'The version is archived.')
    if (version.manifest === null) {
      throw new Refusal('forbidden', 'Only versions that have been imported successfully can be promoted.')
    }
    await withWakes(db, async (tx, causes) => {
      const locked = await lockTemplate(tx, { id: template.id })
      if (!locked) throw notFound()
      const previous = await findTemplateVersion(tx, { id: locked.activeVersionId, templateId: null, name: null })
      await setActiveVersion(tx, { id: template.id, versionId: version.id })
      await ensurePoolMembership(tx, { organizationId: template.organizationId })
      await auditTemplate(tx, who, {
        action: 'write',
        template,
        before: previous ? activeVersion(previous) : {},
        after: activeVersion(version),
      })
      for (const versionId of [locked.activeVersionId, version.id]) {
        await wakePools(tx, causes, { versionId, cause: 'version promoted', actor })
      }
    })
    return { message: 'Updated the active template version!' }
  })

  route(router, context, invalidatePrebuilds, async ({ params }, who) => {
    const { actor } = who
    const template = await readableTemplate(db, params.template, actor)
    requireMay(actor, 'update', templateTarget(template))
    const rows = await withWakes(db, async (tx, causes) => {
      const presets = await invalidatePresets(tx, { templateId: template.id })
      for (const { presetId } of presets) await causes.preset(presetId, 'invalidated', actor.id)
      const names = presets.map(({ presetName }) => presetName)
      await auditTemplate(tx, who, { action: 'write', template, after: { invalidated_presets: names } })
      return presets
    })
    const invalidated = rows.map((row) => ({
      template_name: row.templateName,
      template_version_name: row.versionName,
      preset_name: row.presetName,
    }))
    return { invalidated }
  })
}

type Changed = Pick<AuditEntry, 'action' | 'before' | 'after'> & {
  template: { id: string; name: string; organizationId: string }
}

async function auditTemplate(tx: Tx, who: Auditor, { template, ...entry }: Changed): Promise<void> {
  const { id, name, organizationId } = template
  await audit(tx, who, { ...entry, target: { type: 'template', id, name }, organizationId })
}

function activeVersion({ id, name }: { id: string; name: string }) {
  return { active_version: name, active_version_id: id }
}

export function nameTaken(name: string): Refusal {
  return new Refusal('conflict', `Template with name "${name}" already exists.`, {
    validations: [{ field: 'name', detail: 'This value is already in use and should be unique.' }],
  })
}

async function listReadable(db: Db, { actor, organizationId }: { actor: Actor; organizationId: string | null }) {
  const rows = await listTemplateRows(db, { organizationId, limit: MAX_PAGE })
  return rows.filter((row) => may(actor.subject, 'read', templateTarget(row))).map(templateShape)
}

type PoolCause = { versionId: string; cause: string; actor: Actor }

async function wakePools(tx: Tx, causes: Causes, { versionId, cause, actor }: PoolCause): Promise<void> {
  for (const { id } of await listPoolPresetIds(tx, { versionId })) await causes.preset(id, cause, actor.id)
}

export async function readableTemplate(db: Db, id: string, actor: Actor): Promise<FindTemplateRow> {
  const template = await findTemplate(db, { id, organizationId: null, name: null })
  if (!template || template.deletedAt !== null) throw notFound()
  requireRead(actor, templateTarget(template))
  return template
}
