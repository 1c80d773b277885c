// Between an instant and what the clocks of a zone show, in milliseconds; a wall clock is written as if it were UTC.
import { IANAZone } from 'luxon'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

export function offsetAt(zone: string, instantMs: number): number {
  const known = IANAZone.create(zone)
  if (!known.isValid) throw new Error(`there is no time zone "${zone}"`)
  return known.offset(instantMs) * MINUTE_MS
}

export function wallClock(zone: string, instantMs: number): number {
  return instantMs + offsetAt(zone, instantMs)
}

/** The first instant in (from, to] at which clocks jump, supposing that a jump is not undone within the same day. */
export function nextClockChange(zone: string, span: { from: number; to: number }): number | null {
  const offset = offsetAt(zone, span.from)
  for (let day = span.from; day < span.to; day += DAY_MS) {
    const end = Math.min(day + DAY_MS, span.to)
    if (offsetAt(zone, end) !== offset) return bisectChange(zone, { before: day, after: end })
  }
  return null
}

function bisectChange(zone: string, { before, after }: { before: number; after: number }): number {
  const offset = offsetAt(zone, before)
  let low = before
  let high = after
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(zone, middle) === offset) low = middle
    else high = middle
  }
  return high
}
