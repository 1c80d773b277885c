// How times, windows and reasons read on the page.
import type { PrebuildPool } from '../contract/prebuilds.ts'
import { html, type Html } from './html.ts'

/** "12 s", "3 min", "5 h", "9 d": coarse, so that a row does not change at every look. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

export function age(time: string, now: Date): Html {
  return html`<time datetime="${time}" title="${time}">${span(now.getTime() - Date.parse(time))}</time>`
}

/** "6 prebuilds", "1 prebuild". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

const WEEK_MS = 6 * 86_400_000

type Target = Pick<PrebuildPool, 'desired' | 'window' | 'until'>

/** How many are wanted, until when, and which window says so. */
export function windowWords({ desired, window, until }: Target, now: Date): Html {
  if (until === null) return window ? html`${desired} always — window ${cron(window)}` : html`${desired} at all times`
  const end = html`<time datetime="${until}">${clock(until, { now, timezone: window?.timezone ?? 'UTC' })}</time>`
  return window ? html`${desired} until ${end} — window ${cron(window)}` : html`base count of ${desired} until ${end}`
}

function cron(window: { cron: string }): Html {
  return html`<code>${window.cron}</code>`
}

/** On the wall clock of the window's own zone. The weekday alone names a day only within the coming week. */
function clock(until: string, { now, timezone }: { now: Date; timezone: string }): string {
  const zone = isKnown(timezone) ? timezone : 'UTC'
  const time = new Date(until)
  const soon = time.getTime() - now.getTime() < WEEK_MS
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(soon ? { weekday: 'short' } : { day: 'numeric', month: 'short', year: 'numeric' }),
  })
  return `${format.format(time).replaceAll(',', '')} ${zone}`
}

/** PostgreSQL knows some names that Node does not. */
function isKnown(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone }).format() !== ''
  } catch {
    return false
  }
}

const HOLDS: Record<string, string> = {
  paused: 'Paused: an administrator has stopped the making of prebuilds everywhere.',
  backoff: 'Waiting before the next attempt, because the last one failed.',
  probe: 'One at a time until one succeeds, because the last ones failed.',
  inflight: 'As many are being built at once as this pool allows; the others follow.',
  hard_limited: 'Stopped: too many failed in a row. Push a version that works to start again.',
  validation_failed: 'Stopped: the preset no longer fits the template. Push a version that mends it.',
  succession: 'The pool of the version before serves until this one is ready.',
  config_error: 'The schedule cannot be read, so the pool keeps the size that it had.',
}

export function holdWords(hold: string): string {
  return HOLDS[hold] ?? `On hold: ${hold}.`
}
