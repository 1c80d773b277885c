import type { Client } from '../../contract/client.ts'
import { listTemplates, listTemplateVersionPresets, type Preset, type Template } from '../../contract/templates.ts'
import { CliFailure, usage } from '../failure.ts'
import { findTemplate } from '../templates/find.ts'

/** Each template costs a request; with more of them, say which. */
const MAX_SEARCHED = 100
const AT_ONCE = 8
/** Said instead of a preset's name: not even the template's default one. */
const NO_PRESET = 'none'

export type Choice = { template: Template; preset: Preset | undefined }
type Wanted = { template: string | undefined; preset: string | undefined }

/** A template may be left out where the preset's name, or there being one template only, leaves no doubt. */
export async function choosePreset(client: Client, { template: name, preset }: Wanted): Promise<Choice> {
  const template = name === undefined ? await onlyTemplate(client, preset) : await findTemplate(client, name)
  if ('preset' in template) return template
  const presets = await presetsOf(client, template)
  if (preset === NO_PRESET) return { template, preset: undefined }
  if (preset === undefined) return { template, preset: presets.find(({ Default: isDefault }) => isDefault) }
  const found = presets.find((one) => isNamed(one, preset))
  if (found) return { template, preset: found }
  throw new CliFailure(`Template ${template.name} has no preset "${preset}".`, {
    detail: presets.length === 0 ? 'It has none.' : `It has: ${presets.map((one) => one.Name).join(', ')}.`,
  })
}

async function onlyTemplate(client: Client, preset: string | undefined): Promise<Template | Choice> {
  const templates = (await client(listTemplates, {})).filter(({ deprecated }) => !deprecated)
  const [first, ...others] = templates
  if (!first) throw new CliFailure('There are no templates yet.', { detail: 'Push one: daybreak templates push DIR' })
  if (preset === undefined || preset === NO_PRESET) {
    if (others.length === 0) return first
    throw usage('Say which template, or which preset.', `Templates: ${templates.map(({ name }) => name).join(', ')}.`)
  }
  return await searchPreset(client, { templates, preset })
}

async function searchPreset(
  client: Client,
  { templates, preset }: { templates: readonly Template[]; preset: string },
): Promise<Choice> {
  if (templates.length > MAX_SEARCHED)
    throw usage(`There are ${templates.length} templates: say which with --template.`)
  const all: { template: Template; preset: Preset }[] = []
  for (let start = 0; start < templates.length; start += AT_ONCE) {
    const some = templates.slice(start, start + AT_ONCE)
    const found = await Promise.all(
      some.map(async (template) => ({ template, presets: await presetsOf(client, template) })),
    )
    for (const { template, presets } of found) all.push(...presets.map((one) => ({ template, preset: one })))
  }
  const fitting = all.filter((one) => isNamed(one.preset, preset))
  const [first, ...others] = fitting
  const list = (choices: typeof all): string =>
    choices.map((one) => `--template ${one.template.name} --preset '${one.preset.Name}'`).join('\n')
  if (!first) {
    throw new CliFailure(`No template has a preset "${preset}".`, {
      detail: all.length === 0 ? 'No template has any.' : `There are:\n${list(all)}`,
    })
  }
  if (others.length > 0) throw usage(`More than one template has a preset "${preset}".`, `Say which:\n${list(fitting)}`)
  return first
}

async function presetsOf(client: Client, { active_version_id: version }: Template): Promise<Preset[]> {
  return await client(listTemplateVersionPresets, { params: { templateversion: version } })
}

function isNamed({ ID: id, Name: name }: Preset, text: string): boolean {
  return id === text || name.trim().toLowerCase() === text.trim().toLowerCase()
}
