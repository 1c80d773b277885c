// The windows of one preset share a zone and may not overlap: at every instant at most one of them says how many.
import { type CronErrorCode, validateCron, validateTimezone } from './cron.ts'
import { CALENDAR, matchesDay } from './cron/days.ts'
import type { CronFields } from './cron/fields.ts'
import { renderDays, renderHours, renderWitness } from './cron/render.ts'

export type Witness = { month: number; dom: number; dow: number; hour: number }
export type Overlap = { a: number; b: number; witness: Witness }

export type ScheduleProblem = {
  /** Which schedule, from 0; null: the preset's time zone. */
  index: number | null
  code: CronErrorCode | 'overlap' | 'negative_instances' | 'fractional_instances'
  message: string
  position?: number
  witness?: Witness
}

type Schedules = readonly { cron: string; instances: number }[]

export function validateSchedules(timezone: string | null | undefined, schedules: Schedules): ScheduleProblem[] {
  const zoned = schedules.length > 0 || (timezone ?? '') !== ''
  const zone = zoned ? validateTimezone(timezone) : undefined
  const problems: ScheduleProblem[] =
    zone === undefined ? [] : [{ index: null, code: zone.code, message: zone.message }]
  for (const [index, { cron, instances }] of schedules.entries()) {
    problems.push(...checkCron(cron, index), ...checkInstances(instances, index))
  }
  for (const overlap of findOverlaps(schedules.map(({ cron }) => cron))) {
    problems.push(describeOverlap(overlap, schedules))
  }
  return problems
}

/** Exact over all dates and weekdays; the witness is the earliest common hour. What does not parse is left out. */
export function findOverlaps(crons: readonly string[]): Overlap[] {
  const parsed = crons.map(parseWindowFields)
  return parsed.flatMap((one, a) =>
    parsed.slice(a + 1).flatMap((other, distance) => {
      const witness = one === undefined || other === undefined ? undefined : findWitness(one, other)
      return witness === undefined ? [] : [{ a, b: a + 1 + distance, witness }]
    }),
  )
}

/** "Mon-Fri 08:00-19:00: 3, Sat 08:00-15:00: 1, else 0" */
export function renderWeek(base: number, schedules: Schedules): string {
  if (schedules.length === 0) return `always ${base}`
  const windows = schedules.map(({ cron, instances }) => {
    const fields = parseWindowFields(cron)
    return fields === undefined
      ? `"${cron}" (not valid): ${instances}`
      : `${renderDays(fields)} ${renderHours(fields)}: ${instances}`
  })
  return `${windows.join(', ')}, else ${base}`
}

function checkCron(cron: string, index: number): ScheduleProblem[] {
  // The zone is reported once for the preset, not again with each schedule.
  const check = validateCron(cron, { kind: 'prebuild_window', timezone: 'UTC' })
  if (check.valid) return []
  const { code, message, position } = check.error
  return [{ index, code, message: `Schedule ${index + 1}: ${message}`, position }]
}

function checkInstances(instances: number, index: number): ScheduleProblem[] {
  const found = `Schedule ${index + 1} asks for ${instances} instances`
  if (instances < 0) return [{ index, code: 'negative_instances', message: `${found}; use 0 or more.` }]
  if (Number.isSafeInteger(instances)) return []
  return [{ index, code: 'fractional_instances', message: `${found}; use a whole number.` }]
}

function describeOverlap({ a, b, witness }: Overlap, schedules: Schedules): ScheduleProblem {
  const same = schedules[a]?.cron === schedules[b]?.cron
  const message = same
    ? `Schedules ${a + 1} and ${b + 1} are the same window; remove one of them.`
    : `Schedules ${a + 1} and ${b + 1} overlap, for example ${renderWitness(witness)}; separate their hours or days.`
  return { index: b, code: 'overlap', message, witness }
}

function parseWindowFields(cron: string): CronFields | undefined {
  const check = validateCron(cron, { kind: 'prebuild_window', timezone: 'UTC' })
  return check.valid ? check.fields : undefined
}

function findWitness(one: CronFields, other: CronFields): Witness | undefined {
  const hours = [...one.hour.values].filter((hour) => other.hour.values.has(hour))
  if (hours.length === 0) return undefined
  const day = CALENDAR.find((candidate) => matchesDay(one, candidate) && matchesDay(other, candidate))
  if (day === undefined) return undefined
  return { month: day.month, dom: day.dayOfMonth, dow: day.dayOfWeek, hour: Math.min(...hours) }
}
