// How times, spans and windows read.
import { usage } from './failure.ts'

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** "500ms", "10s", "5m", "1h30m". */
export function parseDuration(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) {
    throw usage(`"${text}" is not a duration.`, 'Write it like 500ms, 10s or 5m.')
  }
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (unit === 'ms' || unit === 's' || unit === 'm' || unit === 'h' ? UNITS[unit] : 0)
  }
  return Math.round(total)
}

export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}m ${seconds % 60}s`
}

export function ago(time: string, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - Date.parse(time)) / 1000)
  if (seconds < 60) return `${Math.floor(seconds)}s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ago`
  return `${Math.floor(seconds / 86_400)}d ago`
}

export type WindowFacts = {
  desired: number
  window: { cron: string; timezone: string } | null
  until: string | null
}

/** "3 until 19:00 UTC (* 8-18 * * 1-5)": how many, how long, and which window says so. */
export function windowWords({ desired, window, until }: WindowFacts, now: Date): string {
  const because = window ? ` (${window.cron})` : until === null ? '' : ' (outside every window)'
  if (until === null) return `${desired} always${because}`
  return `${desired} until ${clock(new Date(until), { now, timezone: window?.timezone ?? 'UTC' })}${because}`
}

/** The wall clock of the window's own zone; the day only where it is not today's. */
function clock(time: Date, { now, timezone }: { now: Date; timezone: string }): string {
  const zone = isKnown(timezone) ? timezone : 'UTC'
  const format = (at: Date, options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options }).format(at)
  const date = (at: Date): string => format(at, { dateStyle: 'short' })
  const hour = format(time, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  if (date(time) === date(now)) return `${hour} ${zone}`
  const soon = time.getTime() - now.getTime() < 6 * 86_400_000
  const day = format(time, soon ? { weekday: 'short' } : { day: 'numeric', month: 'short' })
  return `${day} ${hour} ${zone}`
}

/** PostgreSQL knows some names that Node does not. */
function isKnown(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone }).format() !== ''
  } catch {
    return false
  }
}
