// What a request to make a workspace means: which version, which preset with which parameters, and whether a prebuild
// fits.
import { z } from 'zod'
import type { Db } from '../../../sql/database.ts'
import { findCreateTarget, type FindCreateTargetRow } from '../../../sql/presets.sql.ts'
import type { ClaimTarget } from '../../claims.ts'
import type { CreateWorkspace } from '../../contract/workspaces.ts'
import {
  type CreateTemplate,
  type CreateWorkspaceRefusal,
  decideCreateWorkspace,
  refuseUnknownTemplate,
} from '../../domain/rbac/createWorkspace.ts'
import { type Actor, templateTarget } from '../access.ts'
import { Refusal } from '../../domain/errors.ts'
import type { TemplateManifest } from '../../domain/manifest.ts'
import { manifestOf } from '../../manifests.ts'
import { SYSTEM_USER_ID } from '../../systemUser.ts'

export type Target = {
  templateId: string
  organizationId: string
  versionId: string
  provisioner: string
  parameters: Readonly<Record<string, string>>
  preset: { name: string; claim: ClaimTarget } | null
  /** Why no prebuild can serve this request; null when one can. */
  unusable: string | null
  nameTaken: boolean
  /** The database's time. */
  now: Date
}

const Parameters = z.record(z.string(), z.string())

export type Wanted = {
  body: CreateWorkspace
  actor: Actor
  ownerId: string
  /** Null leaves it to the template. */
  organizationId: string | null
}

/** Refuses what cannot be built, before anything is touched. */
export async function resolveTarget(db: Db, wanted: Wanted): Promise<Target> {
  const { body, actor, ownerId, organizationId } = wanted
  const row = await readTarget(db, wanted)
  const asked = body.template_id ?? body.template_version_id ?? ''
  if (!row || (organizationId !== null && organizationId !== row.organizationId)) {
    throw asRefusal(refuseUnknownTemplate(asked))
  }
  const decision = decideCreateWorkspace(actor.subject, { template: toTemplate(row), ownerId })
  if (decision.outcome === 'refuse') throw asRefusal(decision)
  refuseOwner(row, wanted)
  const manifest = await manifestOf(db, row.versionId)
  if (!manifest)
    throw new Refusal('invalid', `Version ${row.versionName} of this template was not imported successfully.`)
  const preset = readPreset(row, body)
  const parameters = resolveParameters(manifest, {
    requested: body.rich_parameter_values,
    preset: preset?.parameters ?? {},
  })
  return {
    templateId: row.templateId,
    organizationId: row.organizationId,
    versionId: row.versionId,
    provisioner: row.provisioner,
    parameters,
    preset: preset && { name: preset.name, claim: preset.claim },
    unusable: whyNoPrebuild({ preset, parameters, manifest, active: row.versionId === row.activeVersionId }),
    nameTaken: row.nameTaken,
    now: row.now,
  }
}

/** Membership is the owner's: people ask for themselves, and admins see every template. */
export async function readTarget(
  db: Db,
  { body, ownerId }: Pick<Wanted, 'body' | 'ownerId'>,
): Promise<FindCreateTargetRow | null> {
  return await findCreateTarget(db, {
    actorId: ownerId,
    ownerId,
    name: body.name,
    versionId: body.template_version_id ?? null,
    templateId: body.template_id ?? null,
    presetId: body.template_version_preset_id ?? null,
  })
}

function toTemplate(row: FindCreateTargetRow): CreateTemplate {
  const { userAcl = {}, groupAcl = {} } = templateTarget({ ...row, id: row.templateId })
  const { templateId: id, templateName: name, organizationId, deprecated } = row
  return { id, name, organizationId, userAcl, groupAcl, deprecated }
}

function asRefusal({ code, message, detail, validations }: CreateWorkspaceRefusal): Refusal {
  return new Refusal(code, message, { validations, ...(detail === undefined ? {} : { detail }) })
}

function refuseOwner(row: FindCreateTargetRow, { actor, ownerId }: Wanted): void {
  if (ownerId === SYSTEM_USER_ID) throw new Refusal('invalid', 'Prebuilds are made by their pools, not by hand.')
  if (row.isMember || ownerId === actor.id) return
  throw new Refusal('invalid', 'The owner does not belong to the organization of the template.')
}

type Preset = { name: string; hasPool: boolean; parameters: Readonly<Record<string, string>>; claim: ClaimTarget }

function readPreset(row: FindCreateTargetRow, body: CreateWorkspace): Preset | null {
  if (body.template_version_preset_id === undefined) return null
  const field = 'template_version_preset_id'
  if (row.presetId === null || row.presetKey === null || row.presetName === null) {
    throw new Refusal('invalid', 'Validation failed.', {
      validations: [{ field, detail: 'There is no preset with this id.' }],
    })
  }
  if (row.presetVersionId !== row.versionId) {
    throw new Refusal('unprocessable', 'The preset belongs to another version of the template.', {
      detail: 'Presets have new ids with every version: list those of the active one again.',
      validations: [{ field, detail: 'This preset is not of the version that would be built.' }],
    })
  }
  return {
    name: row.presetName,
    hasPool: row.desiredInstances !== null,
    parameters: Parameters.parse(row.presetParameters ?? {}),
    claim: {
      templateId: row.templateId,
      presetId: row.presetId,
      presetKey: row.presetKey,
      provisioner: row.provisioner,
      claimable: [row.activeVersionId],
      ttlSeconds: row.invalidateAfterSecs,
      lastInvalidatedAt: row.lastInvalidatedAt,
    },
  }
}

/** The preset's values win over those sent; what neither names has its default. */
function resolveParameters(
  manifest: TemplateManifest,
  {
    requested,
    preset,
  }: { requested: CreateWorkspace['rich_parameter_values']; preset: Readonly<Record<string, string>> },
): Record<string, string> {
  const given = new Map(requested.map(({ name, value }) => [name, value]))
  const known = new Set(manifest.parameters.map(({ name }) => name))
  const problems = [...given.keys()]
    .filter((name) => !known.has(name))
    .map((name) => ({ field: name, detail: 'The template has no parameter of this name.' }))
  const resolved: Record<string, string> = {}
  for (const { name, options, default: usual } of manifest.parameters) {
    const value = preset[name] ?? given.get(name) ?? usual
    if (value === undefined) problems.push({ field: name, detail: 'This parameter is required.' })
    else if (options.length > 0 && !options.some((option) => option.value === value)) {
      problems.push({ field: name, detail: `"${value}" is not one of its options.` })
    } else resolved[name] = value
  }
  if (problems.length > 0) throw new Refusal('invalid', 'Validation failed.', { validations: problems })
  return resolved
}

type Fit = {
  preset: Preset | null
  parameters: Readonly<Record<string, string>>
  manifest: TemplateManifest
  active: boolean
}

function whyNoPrebuild({ preset, parameters, manifest, active }: Fit): string | null {
  if (!preset) return 'the request names no preset'
  if (!preset.hasPool) return `preset ${preset.name} has no pool`
  if (!active) return 'the request asks for a version that is not the active one'
  const differing = manifest.parameters.find(
    ({ name, default: usual }) => parameters[name] !== (preset.parameters[name] ?? usual),
  )
  return differing ? `a prebuild cannot honour the value asked for parameter ${differing.name}` : null
}
