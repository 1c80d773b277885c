// What a template declares, whichever driver read it. From this one schema come the JSON Schema of `daybreak.yaml`, its
// validation, and what is stored at import. Names and units are those of the public `coder` Terraform provider.
import { z } from 'zod'

/** A template may not declare more of anything than this: one import is one transaction and one page to read. */
export const MAX_DECLARED = 64
/** Longest script, in characters: it travels in the agent's manifest at every start. */
export const MAX_SCRIPT = 64 * 1024

/** Less than an hour would rebuild a pool faster than it is used; more than a year is no expiry at all. */
export const MIN_TTL_SECONDS = 3600
export const MAX_TTL_SECONDS = 31_536_000
export const TTL_RANGE = `use 0 (never) or ${MIN_TTL_SECONDS} to ${MAX_TTL_SECONDS} seconds (one hour to one year)`

const name = z
  .string()
  .regex(/^[a-zA-Z0-9]+(?:[-_][a-zA-Z0-9]+)*$/, 'use letters, digits and single dashes or underscores between them')
  .max(64)
const variable = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]*$/,
    'a variable is named with letters, digits and underscores, and not with a digit first',
  )
const list = <T extends z.ZodType>(item: T) => z.array(item).max(MAX_DECLARED).default([])

const Option = z.strictObject({
  name: z.string().max(128),
  value: z.string().max(4096),
  description: z.string().default(''),
  icon: z.string().max(256).default(''),
})

export const ManifestParameter = z.strictObject({
  name,
  display_name: z.string().max(128).default(''),
  description: z.string().max(4096).default(''),
  type: z.enum(['string', 'number', 'bool', 'list(string)']).default('string'),
  mutable: z.boolean().default(false),
  ephemeral: z.boolean().default(false),
  default: z.string().max(4096).optional(),
  icon: z.string().max(256).default(''),
  order: z.int().default(0),
  options: list(Option),
})

export const ManifestSchedule = z.strictObject({
  cron: z.string().max(256).describe('Five fields; the minute is always *, for example "* 9-18 * * 1-5".'),
  instances: z.int().min(0).max(1000),
})

export const ManifestPrebuilds = z.strictObject({
  instances: z.int().min(0).max(1000).describe('How many workspaces to keep ready outside every window.'),
  expiration_policy: z
    .strictObject({
      ttl: z
        .int()
        .min(0, TTL_RANGE)
        .max(MAX_TTL_SECONDS, TTL_RANGE)
        .describe('Seconds after which an unclaimed prebuild is replaced: 0 for never, else at least an hour.'),
    })
    .optional(),
  scheduling: z
    .strictObject({
      timezone: z.string().describe('An IANA zone name.'),
      schedule: z.array(ManifestSchedule).min(1).max(MAX_DECLARED),
    })
    .optional(),
})

export const ManifestPreset = z.strictObject({
  name: z.string().min(1).max(64),
  default: z.boolean().default(false),
  description: z.string().max(128).default(''),
  icon: z.string().max(256).default(''),
  parameters: z.record(z.string(), z.string()).default({}),
  prebuilds: ManifestPrebuilds.optional(),
})

const Script = z.strictObject({
  display_name: z.string().min(1).max(64),
  script: z.string().min(1).max(MAX_SCRIPT),
  icon: z.string().max(256).default(''),
  run_on_start: z.boolean().default(false),
  run_on_stop: z.boolean().default(false),
  cron: z.string().max(256).default(''),
  timeout: z.int().min(0).max(86_400).default(0).describe('Seconds; 0 means the default of five minutes.'),
  start_blocks_login: z.boolean().default(false),
})

const App = z.strictObject({
  slug: name,
  display_name: z.string().max(64).default(''),
  url: z.string().max(2048).optional(),
  command: z.string().max(4096).optional(),
  icon: z.string().max(256).default(''),
  external: z.boolean().default(false),
})

const Metadata = z.strictObject({
  key: z.string().min(1).max(64),
  display_name: z.string().max(128).default(''),
  script: z.string().min(1).max(MAX_SCRIPT),
  interval: z.int().min(1).max(86_400),
  timeout: z.int().min(1).max(3600).default(5),
})

export const ManifestAgent = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*$/, 'use letters, digits and single dashes between them')
    .max(64),
  os: z.enum(['linux', 'darwin', 'windows']).default('linux'),
  arch: z.enum(['amd64', 'arm64', 'armv7']).default('amd64'),
  dir: z.string().max(1024).default('').describe('Working directory; relative to the workspace.'),
  env: z.record(variable, z.string().max(32_768)).default({}),
  connection_timeout: z.int().min(1).max(3600).default(120).describe('Seconds within which the agent must connect.'),
  scripts: list(Script),
  apps: list(App),
  metadata: list(Metadata),
  devcontainers: list(z.strictObject({ name, workspace_folder: z.string(), config_path: z.string().default('') })),
  resources_monitoring: z
    .strictObject({
      memory: z.strictObject({ enabled: z.boolean(), threshold: z.int().min(0).max(100) }).optional(),
      volumes: list(z.strictObject({ path: z.string(), enabled: z.boolean(), threshold: z.int().min(0).max(100) })),
    })
    .optional(),
})

export const TemplateManifest = z.strictObject({
  display_name: z.string().max(64).default(''),
  description: z.string().max(128).default(''),
  icon: z.string().max(256).default(''),
  parameters: list(ManifestParameter),
  presets: list(ManifestPreset),
  agents: z.array(ManifestAgent).min(1).max(16),
  process: z.strictObject({}).default({}).describe('Settings of the process driver.'),
})

export type TemplateManifest = z.output<typeof TemplateManifest>
export type ManifestAgent = TemplateManifest['agents'][number]
export type ManifestScript = ManifestAgent['scripts'][number]
export type ManifestPreset = TemplateManifest['presets'][number]
export type ManifestParameter = TemplateManifest['parameters'][number]

/** Seconds that a script may run when its template says 0. */
export const DEFAULT_SCRIPT_TIMEOUT_SECONDS = 300

/** Stays the same across versions, so that a pool and its statistics survive a promotion. */
export function presetKey(presetName: string): string {
  return (
    presetName
      .trim()
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'preset'
  )
}
