import { validateCron } from '../cron.ts'
import {
  type ManifestParameter,
  type ManifestPreset,
  MIN_TTL_SECONDS,
  presetKey,
  type TemplateManifest,
  TTL_RANGE,
} from '../manifest.ts'
import { renderWeek, type ScheduleProblem, validateSchedules } from '../overlap.ts'
import { type Finding, findRepeated, type ManifestPath, quote } from './finding.ts'
import { nearestWord } from './nearestWord.ts'
import { refuseValue } from './values.ts'

/** Every pair of one preset is compared over a whole calendar: this many take well under a second. */
export const MAX_SCHEDULES = 256

export function checkPresets({ presets, parameters }: TemplateManifest): Finding[] {
  const schedules = presets.reduce((sum, preset) => sum + (preset.prebuilds?.scheduling?.schedule.length ?? 0), 0)
  const tooMany = `all presets together may have at most ${MAX_SCHEDULES} schedules; these have ${schedules}`
  return [
    ...checkNames(presets),
    ...checkDefaults(presets),
    ...(schedules > MAX_SCHEDULES ? [{ path: ['presets'], message: tooMany }] : []),
    ...presets.flatMap((preset, index) => [
      ...checkValues(preset, { path: ['presets', index, 'parameters'], parameters }),
      ...checkRequired(preset, { path: ['presets', index], parameters }),
      ...checkTtl(preset, ['presets', index, 'prebuilds', 'expiration_policy', 'ttl']),
      ...(schedules > MAX_SCHEDULES ? [] : checkScheduling(preset, ['presets', index, 'prebuilds', 'scheduling'])),
    ]),
  ]
}

/** What is allowed but seldom meant. */
export function questionSchedules(presets: readonly ManifestPreset[]): Finding[] {
  return presets.flatMap(({ prebuilds }, preset) =>
    (prebuilds?.scheduling?.schedule ?? []).flatMap(({ cron }, index) => {
      const path = ['presets', preset, 'prebuilds', 'scheduling', 'schedule', index, 'cron']
      const { warnings } = validateCron(cron, { kind: 'prebuild_window', timezone: 'UTC' })
      return warnings.flatMap((warning) => {
        const message = WARNINGS[warning]
        return message === undefined ? [] : [{ path, message }]
      })
    }),
  )
}

const WARNINGS: Record<string, string> = {
  two_day_list_looks_like_a_range: 'a comma lists two days; write a dash if every day between them is meant',
  dom_and_dow_are_joined_with_or: 'a day of the month and a weekday together mean either of them, not both',
}

function checkNames(presets: readonly ManifestPreset[]): Finding[] {
  const names = presets.map(({ name }, index) => ({ name, path: ['presets', index, 'name'] }))
  const repeated = findRepeated(names, { what: 'preset' })
  const seen = new Map<string, string>()
  const sameKey = names.flatMap(({ name, path }) => {
    const key = presetKey(name)
    const earlier = seen.get(key)
    if (earlier === undefined) seen.set(key, name)
    if (earlier === undefined || earlier === name) return []
    const why = `their statistics are kept under the same key ${quote(key)}`
    return [{ path, message: `the presets ${quote(earlier)} and ${quote(name)} are too similar, ${why}; rename one` }]
  })
  return [...repeated, ...sameKey]
}

function checkDefaults(presets: readonly ManifestPreset[]): Finding[] {
  const chosen = presets.flatMap((preset, index) => (preset.default ? [{ name: preset.name, index }] : []))
  const [first] = chosen
  return chosen.slice(1).map(({ index }) => ({
    path: ['presets', index, 'default'],
    message: `only one preset can be the default, and ${quote(first?.name ?? '')} is already`,
  }))
}

type Declared = { path: ManifestPath; parameters: readonly ManifestParameter[] }

function checkValues(preset: ManifestPreset, { path, parameters }: Declared): Finding[] {
  return Object.entries(preset.parameters).flatMap(([name, value]) => {
    const parameter = parameters.find((one) => one.name === name)
    if (parameter === undefined) return [{ path: [...path, name], message: describeUnknown(name, parameters) }]
    const refused = refuseValue(parameter, value)
    return refused === undefined ? [] : [{ path: [...path, name], message: refused }]
  })
}

function describeUnknown(name: string, parameters: readonly ManifestParameter[]): string {
  const names = parameters.map((parameter) => parameter.name)
  const similar = nearestWord(name, names)
  if (similar !== undefined) return `there is no parameter ${quote(name)}; did you mean ${quote(similar)}?`
  return `there is no parameter ${quote(name)}; declare it under parameters`
}

/** Nobody is there to answer when a pool is filled. */
function checkRequired(preset: ManifestPreset, { path, parameters }: Declared): Finding[] {
  if (preset.prebuilds === undefined) return []
  return parameters
    .filter(({ name, default: fallback }) => fallback === undefined && !Object.hasOwn(preset.parameters, name))
    .map(({ name }) => ({
      path: [...path, 'parameters'],
      message: `a preset with prebuilds needs a value for ${quote(name)}, which has no default`,
    }))
}

function checkTtl({ prebuilds }: ManifestPreset, path: ManifestPath): Finding[] {
  const ttl = prebuilds?.expiration_policy?.ttl ?? 0
  return ttl === 0 || ttl >= MIN_TTL_SECONDS ? [] : [{ path, message: TTL_RANGE }]
}

function checkScheduling({ prebuilds }: ManifestPreset, path: ManifestPath): Finding[] {
  if (prebuilds?.scheduling === undefined) return []
  const { timezone, schedule } = prebuilds.scheduling
  const week = renderWeek(prebuilds.instances, schedule)
  return validateSchedules(timezone, schedule).map((problem) => {
    const at = problem.index === null ? ['timezone'] : ['schedule', problem.index, 'cron']
    const finding = { path: [...path, ...at], message: describeSchedule(problem, week) }
    return problem.position === undefined ? finding : Object.assign(finding, { offset: problem.position })
  })
}

function describeSchedule({ code, message }: ScheduleProblem, week: string): string {
  if (code === 'overlap') return `${message} As written: ${week}.`
  // The path says which schedule it is.
  return message.replace(/^Schedule \d+: /, '')
}
