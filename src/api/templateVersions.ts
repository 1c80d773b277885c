import { Router } from 'express'
import { findFile } from '../../sql/files.sql.ts'
import { isUniqueViolation, type Db } from '../../sql/database.ts'
import { listPresetsOfVersion } from '../../sql/presets.sql.ts'
import { insertImportJob, listJobLogs } from '../../sql/provisioner_jobs.sql.ts'
import {
  findTemplate,
  findTemplateVersion,
  type FindTemplateVersionRow,
  insertTemplateVersion,
  listClaimedVersionNames,
} from '../../sql/templates.sql.ts'
import {
  createTemplateVersion,
  getTemplateVersion,
  listTemplateVersionLogs,
  listTemplateVersionPresets,
} from '../contract/templates.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { may } from '../domain/rbac/may.ts'
import { notFound } from '../domain/refusals.ts'
import { type Actor, requireMay, requireRead, templateTarget } from './access.ts'
import { audit } from './audit.ts'
import { Refusal } from '../domain/errors.ts'
import { provisionTask } from '../jobs/pokes.ts'
import { withWakes } from '../jobs/wakes.ts'
import { randomText } from '../secrets.ts'
import { type ApiContext, route } from './route.ts'
import { resolveOrganization } from './organizations.ts'
import { jobLogShape } from './wire/provisionerJob.ts'
import { presetShape, versionShapes } from './wire/templates.ts'

/** Of people who push at the same moment each needs one attempt more. */
const NAME_ATTEMPTS = 10

export function templateVersions(context: ApiContext): Router {
  const router = Router()
  const { db } = context

  route(router, context, createTemplateVersion, async ({ params, body }, { actor, request }) => {
    const organization = await resolveOrganization(db, params.organization, actor)
    await requirePush(db, { actor, organizationId: organization.id, templateId: body.template_id })
    const file = await findFile(db, { id: body.file_id })
    if (!file || file.createdBy !== actor.id) throw new Refusal('not-found', 'File not found.')
    const id = await underFreeName(db, body, async (name) => {
      const order = {
        organizationId: organization.id,
        initiatorId: actor.id,
        provisioner: body.provisioner,
        fileId: file.id,
      }
      const version = {
        templateId: body.template_id ?? null,
        organizationId: organization.id,
        name,
        message: body.message,
        createdBy: actor.id,
      }
      return await withWakes(db, async (tx, causes) => {
        const job = await insertImportJob(tx, order)
        causes.provisioner(provisionTask(body.provisioner, null))
        const made = await insertTemplateVersion(tx, { ...version, jobId: job.id })
        const { templateId, message } = version
        await audit(
          tx,
          { actor, request },
          {
            action: 'create',
            target: { type: 'template_version', id: made.id, name },
            organizationId: organization.id,
            after: { name, message, template_id: templateId, file_id: file.id, provisioner: order.provisioner },
          },
        )
        return made.id
      })
    })
    return await oneVersion(db, id, actor)
  })

  route(
    router,
    context,
    getTemplateVersion,
    async ({ params }, { actor }) => await oneVersion(db, params.templateversion, actor),
  )

  route(router, context, listTemplateVersionLogs, async ({ params, query }, { actor }) => {
    const version = await readableVersion(db, params.templateversion, actor)
    return (await listJobLogs(db, { jobId: version.jobId, after: query.after, limit: MAX_PAGE })).map(jobLogShape)
  })

  route(router, context, listTemplateVersionPresets, async ({ params }, { actor }) => {
    const version = await readableVersion(db, params.templateversion, actor)
    return (await listPresetsOfVersion(db, { versionId: version.id, limit: MAX_PAGE })).map(presetShape)
  })

  return router
}

export async function readableVersion(db: Db, id: string, actor: Actor): Promise<FindTemplateVersionRow> {
  const version = await findTemplateVersion(db, { id, templateId: null, name: null })
  if (!version) throw notFound()
  const template =
    version.templateId === null
      ? null
      : await findTemplate(db, { id: version.templateId, organizationId: null, name: null })
  // One that belongs to no template yet is for those who may make templates of it, and for who pushed it.
  const loose = { type: 'template', organizationId: version.organizationId } as const
  if (template) requireRead(actor, templateTarget(template))
  else if (version.createdBy !== actor.id) requireRead(actor, loose)
  // As if it were on the list of one that he may read: his token must allow it as well.
  else requireRead(actor, { ...loose, userAcl: { [actor.id]: ['read'] } })
  return version
}

async function oneVersion(db: Db, id: string, actor: Actor) {
  const [shape] = await versionShapes(db, [await readableVersion(db, id, actor)])
  if (!shape) throw notFound()
  return shape
}

type Push = { actor: Actor; organizationId: string; templateId: string | undefined }

/** A version of a template changes it; one for a new template makes one. */
async function requirePush(db: Db, { actor, organizationId, templateId }: Push): Promise<void> {
  if (templateId === undefined) {
    requireMay(actor, 'create', { type: 'template', organizationId })
    return
  }
  const template = await findTemplate(db, { id: templateId, organizationId: null, name: null })
  const isHere = template !== null && template.deletedAt === null && template.organizationId === organizationId
  if (!isHere || !may(actor.subject, 'read', templateTarget(template))) {
    throw new Refusal('not-found', 'Template does not exist.')
  }
  requireMay(actor, 'update', templateTarget(template))
}

type Named = { name?: string | undefined; template_id?: string | undefined }

/** Whoever names a version is told that the name is taken; whoever does not gets the next one that is free. */
async function underFreeName(db: Db, asked: Named, insert: (name: string) => Promise<string>): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const name = asked.name ?? (await freeVersionName(db, asked.template_id ?? null, attempt))
    try {
      return await insert(name)
    } catch (error) {
      if (!isUniqueViolation(error, 'template_versions_name')) throw error
      if (asked.name !== undefined || attempt > NAME_ATTEMPTS) throw versionNameTaken(name)
    }
  }
}

function versionNameTaken(name: string): Refusal {
  return new Refusal('conflict', `A version named "${name}" already exists for this template.`, {
    validations: [{ field: 'name', detail: 'This value is already in use and should be unique.' }],
  })
}

/** v1, v2, … within a template: people tell them apart; random text where counting does not end. */
async function freeVersionName(db: Db, templateId: string | null, attempt: number): Promise<string> {
  if (templateId === null) return 'v1'
  const taken = await listClaimedVersionNames(db, { templateId, prefix: 'v', limit: MAX_PAGE })
  if (taken.length >= MAX_PAGE || attempt >= NAME_ATTEMPTS) return `v-${randomText(10)}`
  const highest = Math.max(0, ...taken.map(({ name }) => Number(/^v(\d{1,9})$/.exec(name)?.[1] ?? 0)))
  return `v${highest + 1}`
}
