// What is left of a template whose shape is wrong, so that its other problems can be reported with that one. Lists keep
// their positions, and what cannot be read becomes something that no rule complains about.
import type { z } from 'zod'
import {
  ManifestAgent,
  ManifestParameter,
  ManifestPrebuilds,
  ManifestPreset,
  ManifestSchedule,
  MAX_DECLARED,
  TemplateManifest,
} from '../../domain/manifest.ts'
import type { Finding } from '../../domain/manifestRules/finding.ts'
import { checkManifest } from '../../domain/manifestRules.ts'

/** The problems that are there whatever the unreadable parts were meant to be. */
export function checkSalvaged(raw: unknown): Finding[] {
  const { parameters, presets } = fields(raw)
  const declared = TemplateManifest.shape.parameters.safeParse(parameters).success
  return checkManifest(salvage(raw)).filter(({ path: [section, index, field] }) => {
    if (section !== 'presets' || field !== 'parameters') return true
    const chosen = fields(list(presets)[Number(index)])['parameters']
    return declared && ManifestPreset.shape.parameters.safeParse(chosen).success
  })
}

function salvage(raw: unknown): TemplateManifest {
  const { parameters, presets, agents } = fields(raw)
  return {
    display_name: '',
    description: '',
    icon: '',
    process: {},
    parameters: list(parameters).map(salvageParameter),
    presets: list(presets).map(salvagePreset),
    agents: list(agents).map(salvageAgent),
  }
}

function salvageParameter(raw: unknown, index: number): ManifestParameter {
  const blank = ManifestParameter.parse({ name: 'unread' })
  return read(ManifestParameter.strip(), raw) ?? { ...blank, name: nameOf(raw, index) }
}

function salvagePreset(raw: unknown, index: number): ManifestPreset {
  const { default: isDefault, parameters, prebuilds } = fields(raw)
  const preset = {
    ...ManifestPreset.parse({ name: 'unread' }),
    name: nameOf(raw, index),
    default: read(ManifestPreset.shape.default, isDefault) ?? false,
    parameters: read(ManifestPreset.shape.parameters, parameters) ?? {},
  }
  return isFields(prebuilds) ? { ...preset, prebuilds: salvagePrebuilds(prebuilds) } : preset
}

function salvagePrebuilds(raw: Fields): z.output<typeof ManifestPrebuilds> {
  const { instances, expiration_policy, scheduling } = raw
  const { timezone, schedule } = fields(scheduling)
  const ttl = read(ManifestPrebuilds.shape.expiration_policy, expiration_policy)?.ttl ?? 0
  const crons = list(schedule).map((item) => ManifestSchedule.shape.cron.safeParse(fields(item)['cron']).data)
  const prebuilds = {
    instances: read(ManifestPrebuilds.shape.instances, instances) ?? 0,
    expiration_policy: { ttl },
  }
  // A window cannot be left out: those after it would be called by another number.
  const readable = typeof timezone === 'string' && crons.length > 0 && crons.every((cron) => cron !== undefined)
  if (!readable) return prebuilds
  const windows = crons.map((cron, index) => ({
    cron: cron ?? '',
    instances: read(ManifestSchedule.shape.instances, fields(list(schedule)[index])['instances']) ?? 0,
  }))
  return { ...prebuilds, scheduling: { timezone, schedule: windows } }
}

function salvageAgent(raw: unknown, index: number): ManifestAgent {
  const { scripts, apps, metadata, devcontainers } = fields(raw)
  return {
    ...ManifestAgent.parse({ name: 'unread' }),
    name: nameOf(raw, index),
    scripts: read(ManifestAgent.shape.scripts, scripts) ?? [],
    apps: read(ManifestAgent.shape.apps, apps) ?? [],
    metadata: read(ManifestAgent.shape.metadata, metadata) ?? [],
    devcontainers: read(ManifestAgent.shape.devcontainers, devcontainers) ?? [],
  }
}

type Fields = Record<string, unknown>

function isFields(raw: unknown): raw is Fields {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}

function fields(raw: unknown): Fields {
  return isFields(raw) ? raw : {}
}

/** That there are too many is reported already. */
function list(raw: unknown): unknown[] {
  return Array.isArray(raw) ? raw.slice(0, MAX_DECLARED) : []
}

/** One that cannot be read gets a name that no template can have, and no other item gets. */
function nameOf(raw: unknown, index: number): string {
  const { name } = fields(raw)
  return typeof name === 'string' && name !== '' ? name : `?${'.'.repeat(index)}`
}

function read<T extends z.ZodType>(schema: T, raw: unknown): z.output<T> | undefined {
  const result = schema.safeParse(raw)
  return result.success ? result.data : undefined
}
