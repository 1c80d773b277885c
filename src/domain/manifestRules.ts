// What a template's shape alone cannot say: names that repeat or lead nowhere, wrong values, windows that overlap.
import type { ManifestAgent, ManifestParameter, ManifestPreset, TemplateManifest } from './manifest.ts'
import { type Finding, findRepeated } from './manifestRules/finding.ts'
import { checkPresets, questionSchedules } from './manifestRules/presets.ts'
import { refuseType, refuseValue } from './manifestRules/values.ts'
import { renderWeek } from './overlap.ts'

/** Every problem; none means that the template can be imported. */
export function checkManifest(manifest: TemplateManifest): Finding[] {
  return [
    ...checkParameters(manifest.parameters),
    ...checkPresets(manifest),
    ...findRepeated(
      manifest.agents.map(({ name }, index) => ({ name, path: ['agents', index, 'name'] })),
      { what: 'agent', same: (name) => name.toLowerCase() },
    ),
    ...checkSlugs(manifest.agents),
    ...manifest.agents.flatMap(checkAgent),
  ]
}

/** What is allowed but seldom meant. */
export function questionManifest({ presets }: TemplateManifest): Finding[] {
  return questionSchedules(presets)
}

/** "us-nix: Mon-Fri 08:00-19:00: 3, else 0 (UTC)"; undefined without a pool. */
export function describePool({ name, prebuilds }: ManifestPreset): string | undefined {
  if (prebuilds === undefined) return undefined
  const { instances, scheduling } = prebuilds
  const week = renderWeek(instances, scheduling?.schedule ?? [])
  return `${name}: ${week}${scheduling === undefined ? '' : ` (${scheduling.timezone})`}`
}

function checkParameters(parameters: readonly ManifestParameter[]): Finding[] {
  const names = parameters.map(({ name }, index) => ({ name, path: ['parameters', index, 'name'] }))
  return [...findRepeated(names, { what: 'parameter' }), ...parameters.flatMap(checkParameter)]
}

function checkParameter(parameter: ManifestParameter, index: number): Finding[] {
  const path = ['parameters', index]
  const options = parameter.options.map((option, at) => ({ ...option, path: [...path, 'options', at] }))
  const names = options.map((option) => ({ name: option.name, path: [...option.path, 'name'] }))
  const values = options.map((option) => ({ name: option.value, path: [...option.path, 'value'] }))
  const refused = parameter.default === undefined ? undefined : refuseValue(parameter, parameter.default)
  return [
    ...findRepeated(names, { what: 'option' }),
    ...findRepeated(values, { what: 'option value' }),
    ...values.flatMap((value) => {
      // The options of a list may be its items as well as whole lists.
      const wrong = parameter.type === 'list(string)' ? undefined : refuseType(parameter.type, value.name)
      return wrong === undefined ? [] : [{ path: value.path, message: wrong }]
    }),
    ...(refused === undefined ? [] : [{ path: [...path, 'default'], message: refused }]),
  ]
}

/** A slug is part of an app's address, where the agent is not. */
function checkSlugs(agents: readonly ManifestAgent[]): Finding[] {
  const slugs = agents.flatMap(({ apps }, agent) =>
    apps.map(({ slug }, index) => ({ name: slug, path: ['agents', agent, 'apps', index, 'slug'] })),
  )
  return findRepeated(slugs, { what: 'app slug', same: (slug) => slug.toLowerCase() })
}

function checkAgent({ scripts, apps, metadata, devcontainers }: ManifestAgent, agent: number): Finding[] {
  const at = (list: string, index: number) => ['agents', agent, list, index]
  return [
    ...scripts.flatMap((script, index) => [
      ...refuseBlank(script.script, [...at('scripts', index), 'script']),
      ...(script.run_on_start || script.run_on_stop || script.cron.trim() !== ''
        ? []
        : [{ path: at('scripts', index), message: 'this never runs; set run_on_start, run_on_stop or cron' }]),
    ]),
    ...apps.flatMap(({ command, url }, index) => {
      if (command !== undefined && url !== undefined) {
        return [{ path: [...at('apps', index), 'command'], message: 'an app has a url or a command, not both' }]
      }
      if (command !== undefined) return refuseBlank(command, [...at('apps', index), 'command'])
      return url === undefined ? [{ path: at('apps', index), message: 'an app needs a url or a command' }] : []
    }),
    ...metadata.flatMap(({ script }, index) => refuseBlank(script, [...at('metadata', index), 'script'])),
    ...findRepeated(
      metadata.map(({ key }, index) => ({ name: key, path: [...at('metadata', index), 'key'] })),
      { what: 'metadata key' },
    ),
    ...findRepeated(
      devcontainers.map(({ name }, index) => ({ name, path: [...at('devcontainers', index), 'name'] })),
      { what: 'dev container' },
    ),
  ]
}

function refuseBlank(command: string, path: Finding['path']): Finding[] {
  return command.trim() === '' ? [{ path, message: 'is empty; write a command' }] : []
}
