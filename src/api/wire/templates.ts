import type { Db } from '../../../sql/database.ts'
import type { ListPresetsOfVersionRow } from '../../../sql/presets.sql.ts'
import { listProvisionerJobs } from '../../../sql/provisioner_jobs.sql.ts'
import type { FindTemplateRow, ListTemplateVersionsRow } from '../../../sql/templates.sql.ts'
import type { Preset, Template, TemplateVersion } from '../../contract/templates.ts'
import { z } from 'zod'
import { provisionerJobShape } from './provisionerJob.ts'
import { iso } from './time.ts'

export function templateShape(row: FindTemplateRow): Template {
  return {
    id: row.id,
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
    organization_id: row.organizationId,
    organization_name: row.organizationName,
    organization_display_name: row.organizationDisplayName,
    organization_icon: row.organizationIcon,
    name: row.name,
    display_name: row.displayName,
    provisioner: row.provisioner,
    active_version_id: row.activeVersionId,
    description: row.description,
    deprecated: row.deprecated !== '',
    deprecation_message: row.deprecated,
    icon: row.icon,
    default_ttl_ms: (row.defaultTtlSeconds ?? 0) * 1000,
    created_by_id: row.createdBy,
    created_by_name: row.createdByName,
    require_active_version: row.requireActiveVersion,
  }
}

export async function versionShapes(db: Db, rows: readonly ListTemplateVersionsRow[]): Promise<TemplateVersion[]> {
  const jobs = await listProvisionerJobs(db, { ids: rows.map(({ jobId }) => jobId) })
  const jobOf = new Map(jobs.map((job) => [job.id, job]))
  return rows.flatMap((row) => {
    const job = jobOf.get(row.jobId)
    if (!job) return []
    return {
      id: row.id,
      ...(row.templateId === null ? {} : { template_id: row.templateId }),
      organization_id: row.organizationId,
      created_at: iso(row.createdAt),
      updated_at: iso(row.updatedAt),
      name: row.name,
      message: row.message,
      job: provisionerJobShape(job, { template_version_id: row.id }),
      readme: row.readme,
      created_by: { id: row.createdBy, username: row.createdByName },
      archived: row.archivedAt !== null,
      has_external_agent: false,
    }
  })
}

const Parameters = z.array(z.object({ name: z.string(), value: z.string() }))

export function presetShape(row: ListPresetsOfVersionRow): Preset {
  const parameters = Parameters.parse(row.parameters).map(({ name, value }) => ({ Name: name, Value: value }))
  return {
    ID: row.id,
    Name: row.name,
    Parameters: parameters.length === 0 ? null : parameters,
    Default: row.isDefault,
    DesiredPrebuildInstances: row.desiredInstances,
    Description: row.description,
    Icon: row.icon,
  }
}
