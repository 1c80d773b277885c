// A window is open while the wall clock of its zone matches; gaps and repeated hours follow from that and nothing else.
import { validateCron } from './cron.ts'
import type { CronFields } from './cron/fields.ts'
import { compilePattern, type Pattern } from './cron/pattern.ts'
import { nextClockChange, offsetAt, wallClock } from './cron/wallClock.ts'
import { Refusal } from './errors.ts'
import { validateSchedules } from './overlap.ts'

export type Schedule = { cron: string; instances: number }
export type Window = { cron: string; fields: CronFields; pattern: Pattern }

export type TargetPreset = { base: number; timezone: string | null; schedules: readonly Schedule[] }
export type Target = {
  desired: number
  window: (Schedule & { index: number }) | null
  /** When the active window changes next; null: never, or the stored schedules cannot be used. */
  until: Date | null
  source: 'base' | 'window' | 'config_error'
  configError?: string
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** The rarest window is a leap day, and 2096 to 2104 is the longest wait for one. */
const HORIZON_MS = 8 * 366 * DAY_MS

export function parseWindow(cron: string): Window {
  const check = validateCron(cron, { kind: 'prebuild_window', timezone: 'UTC' })
  if (!check.valid) throw new Refusal('invalid', check.error.message)
  return { cron, fields: check.fields, pattern: compilePattern(check.fields) }
}

export function isWithin(window: Window, zone: string, instant: Date): boolean {
  return isOpen(window, wallClock(zone, instant.getTime()))
}

/** The next instant strictly after `now` at which another window, or none, is the open one. */
export function nextBoundary(windows: readonly Window[], zone: string, now: Date): Date | null {
  const limit = now.getTime() + HORIZON_MS
  const before = openWindows(windows, wallClock(zone, now.getTime()))
  for (let at = now.getTime(); at < limit; ) {
    const change = Math.min(...windows.map((window) => nextChange(window, wallClock(zone, at))))
    if (change === Number.POSITIVE_INFINITY) return null
    // Up to the next jump of the clocks the wall clock runs evenly; at the jump the question is asked anew.
    const to = Math.min(change - offsetAt(zone, at), limit)
    at = nextClockChange(zone, { from: at, to }) ?? to
    if (openWindows(windows, wallClock(zone, at)) !== before) return new Date(at)
  }
  return null
}

export function desiredInstances(preset: TargetPreset, now: Date): Target {
  const { base, timezone, schedules } = preset
  if (schedules.length === 0) return { desired: base, window: null, until: null, source: 'base' }
  const zone = timezone ?? ''
  const compiled = compileSchedules(zone, schedules)
  if ('problem' in compiled) {
    return { desired: base, window: null, until: null, source: 'config_error', configError: compiled.problem }
  }
  const until = nextBoundary(compiled.windows, zone, now)
  const index = compiled.windows.findIndex((window) => isWithin(window, zone, now))
  const schedule = schedules[index]
  if (schedule === undefined) return { desired: base, window: null, until, source: 'base' }
  return { desired: schedule.instances, window: { ...schedule, index }, until, source: 'window' }
}

function isOpen(window: Window, wallMs: number): boolean {
  return window.pattern.match(new Date(floor(wallMs, MINUTE_MS)))
}

function openWindows(windows: readonly Window[], wallMs: number): string {
  return windows.map((window) => (isOpen(window, wallMs) ? '1' : '0')).join('')
}

function nextChange(window: Window, wallMs: number): number {
  if (isOpen(window, wallMs)) return nextClosing(window, wallMs)
  return window.pattern.nextRun(new Date(floor(wallMs, MINUTE_MS)))?.getTime() ?? Number.POSITIVE_INFINITY
}

function nextClosing(window: Window, wallMs: number): number {
  const { dayOfMonth, dayOfWeek, hour, month } = window.fields
  const allDay = hour.values.size === 24
  if (allDay && month.star && dayOfMonth.star && dayOfWeek.star) return Number.POSITIVE_INFINITY
  const step = allDay ? DAY_MS : HOUR_MS
  for (let end = floor(wallMs, step) + step; end < wallMs + HORIZON_MS; end += step) {
    if (!isOpen(window, end)) return end
  }
  return Number.POSITIVE_INFINITY
}

function floor(ms: number, unit: number): number {
  return Math.floor(ms / unit) * unit
}

type Compiled = { windows: readonly Window[] } | { problem: string }

/** Checking all pairs costs about a millisecond, and one preset asks again at each of its decisions. */
const CACHE_SIZE = 1_000
const cache = new Map<string, Compiled>()

function compileSchedules(timezone: string, schedules: readonly Schedule[]): Compiled {
  const key = JSON.stringify([timezone, schedules.map(({ cron, instances }) => [cron, instances])])
  const compiled = cache.get(key) ?? compile(timezone, schedules)
  // Deleted and set again, so that the oldest entry is the one asked for longest ago.
  cache.delete(key)
  cache.set(key, compiled)
  const [oldest] = cache.keys()
  if (cache.size > CACHE_SIZE && oldest !== undefined) cache.delete(oldest)
  return compiled
}

function compile(timezone: string, schedules: readonly Schedule[]): Compiled {
  const [problem] = validateSchedules(timezone, schedules)
  if (problem !== undefined) return { problem: problem.message }
  return { windows: schedules.map(({ cron }) => parseWindow(cron)) }
}
