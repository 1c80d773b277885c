// What a request to make a workspace means: which version, which preset with which parameters, and whether a prebuild fits.
import { z } from 'zod'
import type { Db } from '../../../sql/database.ts'
import { readClock } from '../../../sql/identity.sql.ts'
import { findClaimTarget, type FindClaimTargetRow } from '../../../sql/presets.sql.ts'
import type { ClaimTarget } from '../../claims.ts'
import type { CreateWorkspace } from '../../contract/workspaces.ts'
import type { Actor } from '../../domain/access.ts'
import { Refusal } from '../../domain/errors.ts'
import { TemplateManifest } from '../../domain/manifest.ts'
import { readableTemplate } from '../templates.ts'
import { readableVersion } from '../templateVersions.ts'

export type Target = {
  templateId: string
  organizationId: string
  versionId: string
  provisioner: string
  parameters: Readonly<Record<string, string>>
  preset: { name: string; claim: ClaimTarget } | null
  /** Why no prebuild can serve this request; null when one can. */
  unusable: string | null
  now: Date
}

const Parameters = z.record(z.string(), z.string())

/** Refuses what cannot be built, before anything is touched. */
export async function resolveTarget(db: Db, { body, actor }: { body: CreateWorkspace; actor: Actor }): Promise<Target> {
  const version = await resolveVersion(db, body, actor)
  if (version.templateId === null) throw new Refusal('invalid', 'The template version belongs to no template yet.')
  const template = await readableTemplate(db, version.templateId, actor)
  if (template.deprecated !== '') {
    throw new Refusal('invalid', `Template "${template.name}" has been deprecated, and cannot be used to create a new workspace.`, {
      detail: template.deprecated,
    })
  }
  if (version.manifest === null) throw new Refusal('invalid', `Version ${version.name} of this template was not imported successfully.`)
  const manifest = TemplateManifest.parse(version.manifest)
  const preset = await resolvePreset(db, { body, versionId: version.id })
  const presetParameters = preset === null ? {} : Parameters.parse(preset.parameters)
  const parameters = resolveParameters(manifest, { requested: body.rich_parameter_values, preset: presetParameters })
  return {
    templateId: template.id,
    organizationId: template.organizationId,
    versionId: version.id,
    provisioner: template.provisioner,
    parameters,
    preset: preset && {
      name: preset.presetName,
      claim: {
        templateId: template.id,
        presetId: preset.presetId,
        presetKey: preset.presetKey,
        provisioner: template.provisioner,
        claimable: [template.activeVersionId],
        ttlSeconds: preset.invalidateAfterSecs,
        lastInvalidatedAt: preset.lastInvalidatedAt,
      },
    },
    unusable: whyNoPrebuild({ preset, parameters, presetParameters, manifest, active: version.id === template.activeVersionId }),
    now: preset?.now ?? (await readClock(db)).now,
  }
}

async function resolveVersion(db: Db, body: CreateWorkspace, actor: Actor) {
  if (body.template_version_id !== undefined) return await readableVersion(db, body.template_version_id, actor)
  const template = await readableTemplate(db, body.template_id ?? '', actor)
  return await readableVersion(db, template.activeVersionId, actor)
}

async function resolvePreset(
  db: Db,
  { body, versionId }: { body: CreateWorkspace; versionId: string },
): Promise<FindClaimTargetRow | null> {
  if (body.template_version_preset_id === undefined) return null
  const preset = await findClaimTarget(db, { presetId: body.template_version_preset_id })
  const field = 'template_version_preset_id'
  if (!preset) {
    throw new Refusal('invalid', 'Validation failed.', { validations: [{ field, detail: 'There is no preset with this id.' }] })
  }
  if (preset.templateVersionId === versionId) return preset
  throw new Refusal('unprocessable', 'The preset belongs to another version of the template.', {
    detail: 'Presets have new ids with every version: list those of the active one again.',
    validations: [{ field, detail: 'This preset is not of the version that would be built.' }],
  })
}

/** The preset's values win over those sent; what neither names has its default. */
function resolveParameters(
  manifest: TemplateManifest,
  { requested, preset }: { requested: CreateWorkspace['rich_parameter_values']; preset: Readonly<Record<string, string>> },
): Record<string, string> {
  const given = new Map(requested.map(({ name, value }) => [name, value]))
  const problems: { field: string; detail: string }[] = []
  const known = new Set(manifest.parameters.map(({ name }) => name))
  for (const name of given.keys()) {
    if (!known.has(name)) problems.push({ field: name, detail: 'The template has no parameter of this name.' })
  }
  const resolved: Record<string, string> = {}
  for (const parameter of manifest.parameters) {
    const value = preset[parameter.name] ?? given.get(parameter.name) ?? parameter.default
    if (value === undefined) problems.push({ field: parameter.name, detail: 'This parameter is required.' })
    else if (parameter.options.length > 0 && !parameter.options.some((option) => option.value === value)) {
      problems.push({ field: parameter.name, detail: `"${value}" is not one of its options.` })
    } else resolved[parameter.name] = value
  }
  if (problems.length > 0) throw new Refusal('invalid', 'Validation failed.', { validations: problems })
  return resolved
}

type Fit = {
  preset: FindClaimTargetRow | null
  parameters: Readonly<Record<string, string>>
  presetParameters: Readonly<Record<string, string>>
  manifest: TemplateManifest
  active: boolean
}

function whyNoPrebuild({ preset, parameters, presetParameters, manifest, active }: Fit): string | null {
  if (!preset) return 'the request names no preset'
  if (preset.desiredInstances === null) return `preset ${preset.presetName} has no pool`
  if (!active) return 'the request asks for a version that is not the active one'
  const differing = manifest.parameters.find(
    ({ name, default: usual }) => parameters[name] !== (presetParameters[name] ?? usual),
  )
  return differing ? `a prebuild cannot honour the value asked for parameter ${differing.name}` : null
}
