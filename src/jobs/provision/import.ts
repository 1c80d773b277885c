// Imports a template version: what it declares is stored in one transaction, or nothing is and the job says every
// problem.
import type { Tx } from '../../../sql/database.ts'
import { findFile } from '../../../sql/files.sql.ts'
import {
  insertPreset,
  insertPresetParameters,
  insertPresetSchedules,
  listPoolPresetIds,
} from '../../../sql/presets.sql.ts'
import { completeProvisionerJob } from '../../../sql/provisioner_jobs.sql.ts'
import { findTemplateVersionByJob, insertVersionParameters, storeManifest } from '../../../sql/templates.sql.ts'
import type { Context } from '../../context.ts'
import { Refusal } from '../../domain/errors.ts'
import { type ManifestPreset, presetKey, type TemplateManifest } from '../../domain/manifest.ts'
import { ensurePoolMembership } from '../../poolMembership.ts'
import { withWakes } from '../wakes.ts'
import type { Work } from './build.ts'
import { openJobRun } from './jobRun.ts'

export type ImportWork = Work & { job: Work['job'] & { fileId: string | null } }

/** True when the import succeeded. */
export async function runImport(context: Context, { job, driver, signal }: ImportWork): Promise<boolean> {
  const version = await findTemplateVersionByJob(context.db, { jobId: job.id })
  if (!version) return false
  const run = openJobRun(context, { job, signal })
  let error = ''
  let manifest: TemplateManifest | undefined
  try {
    const file = job.fileId === null ? null : await findFile(context.db, { id: job.fileId })
    if (!file) throw new Refusal('not-found', 'The uploaded files of this version are gone: push the template again.')
    manifest = await driver.inspect(file.data, run.io)
    run.io.log({ level: 'info', stage: 'Import', output: summary(manifest) })
  } catch (problem) {
    // The template's own fault is the job's result; anything else is ours, and the queue tries again.
    if (!(problem instanceof Refusal)) throw problem
    error = problem.message
    if (problem.detail !== undefined) run.io.log({ level: 'error', stage: 'Import', output: problem.detail })
    for (const { field, detail } of problem.validations) {
      run.io.log({ level: 'error', stage: 'Import', output: field ? `${field}: ${detail}` : detail })
    }
  } finally {
    await run.end()
  }
  return await withWakes(context.db, async (tx, causes) => {
    const held = { id: job.id, workerId: context.processId, attempt: job.attempt, error, errorCode: '' }
    if (!(await completeProvisionerJob(tx, held))) return false
    if (manifest) {
      await storeTemplate(tx, { versionId: version.id, manifest })
      await ensurePoolMembership(tx, { organizationId: version.organizationId })
    }
    // It may be a template's active version already.
    if (version.templateId === null) return manifest !== undefined
    for (const { id } of await listPoolPresetIds(tx, { versionId: version.id }))
      await causes.preset(id, 'version imported')
    return manifest !== undefined
  })
}

async function storeTemplate(
  tx: Tx,
  { versionId, manifest }: { versionId: string; manifest: TemplateManifest },
): Promise<void> {
  await storeManifest(tx, { id: versionId, manifest, readme: '' })
  await insertVersionParameters(tx, { versionId, parameters: manifest.parameters })
  for (const preset of manifest.presets) await storePreset(tx, { versionId, preset })
}

async function storePreset(
  tx: Tx,
  { versionId, preset }: { versionId: string; preset: ManifestPreset },
): Promise<void> {
  const { prebuilds } = preset
  const { id } = await insertPreset(tx, {
    versionId,
    name: preset.name,
    presetKey: presetKey(preset.name),
    description: preset.description,
    icon: preset.icon,
    isDefault: preset.default,
    desiredInstances: prebuilds?.instances ?? null,
    invalidateAfterSecs: prebuilds?.expiration_policy?.ttl || null,
    schedulingTimezone: prebuilds?.scheduling?.timezone ?? null,
  })
  await insertPresetParameters(tx, { presetId: id, parameters: preset.parameters })
  await insertPresetSchedules(tx, { presetId: id, schedules: prebuilds?.scheduling?.schedule ?? [] })
}

function summary({ parameters, presets, agents }: TemplateManifest): string {
  return `Found ${presets.length} presets, ${parameters.length} parameters, ${agents.length} agents.`
}
