import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { LogQuery, ProvisionerJob, ProvisionerJobLog } from './provisionerJobs.ts'
import { ByOrganization, Id, Name, Page, Response, SOMETHING, Time } from './values.ts'

const ByTemplate = z.object({ template: Id })
const ByVersion = z.object({ templateversion: Id })

export const Template = z.object({
  id: Id,
  created_at: Time,
  updated_at: Time,
  organization_id: Id,
  organization_name: z.string(),
  organization_display_name: z.string(),
  organization_icon: z.string(),
  name: z.string(),
  display_name: z.string(),
  provisioner: z.string(),
  active_version_id: Id,
  description: z.string(),
  deprecated: z.boolean(),
  deprecation_message: z.string(),
  icon: z.string(),
  default_ttl_ms: z.int(),
  created_by_id: Id,
  created_by_name: z.string(),
  require_active_version: z.boolean(),
})
export type Template = z.output<typeof Template>

export const TemplateVersion = z.object({
  id: Id,
  template_id: Id.optional(),
  organization_id: Id.optional(),
  created_at: Time,
  updated_at: Time,
  name: z.string(),
  message: z.string(),
  job: ProvisionerJob,
  readme: z.string(),
  created_by: z.object({ id: Id, username: z.string() }),
  archived: z.boolean(),
  has_external_agent: z.boolean(),
})
export type TemplateVersion = z.output<typeof TemplateVersion>

/** Keys as clients of the wire format know them. */
export const Preset = z.object({
  ID: Id,
  Name: z.string(),
  Parameters: z.array(z.object({ Name: z.string(), Value: z.string() })).nullable(),
  Default: z.boolean(),
  DesiredPrebuildInstances: z.int().nullable(),
  Description: z.string(),
  Icon: z.string(),
})
export type Preset = z.output<typeof Preset>

export const uploadFile = endpoint('POST', '/files', {
  summary: 'Stores a tar or zip archive; 200 instead of 201 when it was known.',
  reply: z.object({ hash: Id }),
})
export const createTemplateVersion = endpoint('POST', '/organizations/:organization/templateversions', {
  summary: 'Starts the import of an uploaded template.',
  params: ByOrganization,
  body: z.object({
    name: z.string().min(1).max(64).optional(),
    message: z.string().max(1_048_576).default(''),
    template_id: Id.optional(),
    storage_method: z.literal('file').default('file'),
    file_id: Id,
    provisioner: z.enum(['process'], 'this server has no such driver').default('process'),
    tags: z.record(z.string(), z.string()).default({}),
  }),
  reply: TemplateVersion,
})
export const getTemplateVersion = endpoint('GET', '/templateversions/:templateversion', {
  summary: 'One template version with its import job.',
  params: ByVersion,
  reply: TemplateVersion,
})
export const listTemplateVersionLogs = endpoint('GET', '/templateversions/:templateversion/logs', {
  summary: 'What the import wrote, after a line of that id.',
  params: ByVersion,
  query: LogQuery,
  reply: z.array(ProvisionerJobLog),
})
export const listTemplateVersionPresets = endpoint('GET', '/templateversions/:templateversion/presets', {
  summary: 'The presets of a version.',
  params: ByVersion,
  reply: z.array(Preset),
})
export const createTemplate = endpoint('POST', '/organizations/:organization/templates', {
  summary: 'Makes a template of an imported version.',
  params: ByOrganization,
  body: z.object({
    name: Name,
    template_version_id: Id,
    display_name: z.string().max(64).default(''),
    description: z.string().max(128).default(''),
    icon: z.string().max(256).default(''),
    /** Otherwise every member of the organization may use it. */
    disable_everyone_group_access: z.boolean().default(false),
  }),
  reply: Template,
})
export const updateTemplate = endpoint('PATCH', '/templates/:template', {
  summary: 'Changes what is given of a template; 304 when nothing differs.',
  params: ByTemplate,
  body: z
    .object({
      name: Name.optional(),
      display_name: z.string().max(64).optional(),
      description: z.string().max(128).optional(),
      icon: z.string().max(256).optional(),
      /** Empty: it is not deprecated. */
      deprecation_message: z.string().max(1024).optional(),
      require_active_version: z.boolean().optional(),
      /** True takes everyone off the list; false puts nobody on it. */
      disable_everyone_group_access: z.boolean().optional(),
    })
    .refine(...SOMETHING),
  reply: Template,
})
export const listTemplates = endpoint('GET', '/templates', {
  summary: 'The templates of all the organizations of the caller.',
  reply: z.array(Template),
})
export const listOrganizationTemplates = endpoint('GET', '/organizations/:organization/templates', {
  summary: 'The templates of one organization.',
  params: ByOrganization,
  reply: z.array(Template),
})
export const getTemplateByName = endpoint('GET', '/organizations/:organization/templates/:name', {
  summary: 'One template by its name.',
  params: ByOrganization.extend({ name: z.string() }),
  reply: Template,
})
export const getTemplate = endpoint('GET', '/templates/:template', {
  summary: 'One template.',
  params: ByTemplate,
  reply: Template,
})
export const listTemplateVersions = endpoint('GET', '/templates/:template/versions', {
  summary: 'The versions of a template, oldest first.',
  params: ByTemplate,
  query: Page,
  reply: z.array(TemplateVersion),
})
export const getTemplateVersionByName = endpoint('GET', '/templates/:template/versions/:name', {
  summary: 'One version of a template by its name.',
  params: ByTemplate.extend({ name: z.string() }),
  reply: TemplateVersion,
})
export const promoteTemplateVersion = endpoint('PATCH', '/templates/:template/versions', {
  summary: 'Makes a version the active one.',
  params: ByTemplate,
  body: z.object({ id: Id }),
  reply: Response,
})
export const invalidatePrebuilds = endpoint('POST', '/templates/:template/prebuilds/invalidate', {
  summary: 'Replaces every unclaimed prebuild that exists now.',
  params: ByTemplate,
  reply: z.object({
    invalidated: z.array(
      z.object({ template_name: z.string(), template_version_name: z.string(), preset_name: z.string() }),
    ),
  }),
  status: 200,
})
