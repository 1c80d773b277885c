// A schedule in the words of a message: "Mon-Fri", "08:00-19:00", "Thu 1 Jan 09:00".
import type { CronFields } from './fields.ts'

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export function renderDays({ dayOfMonth, dayOfWeek, month }: CronFields): string {
  const days: string[] = []
  if (!dayOfMonth.star) days.push(`day ${renderRuns(dayOfMonth.values, String)} of the month`)
  // Sunday moves to the end, so that a week reads from Monday.
  const week = new Set([...dayOfWeek.values].map((day) => (day === 0 ? 7 : day)))
  if (!dayOfWeek.star) days.push(renderRuns(week, (day) => WEEKDAYS[day % 7] ?? ''))
  const months = month.star ? '' : ` in ${renderRuns(month.values, (number) => MONTHS[number - 1] ?? '')}`
  return `${days.join(' or ') || 'every day'}${months}`
}

export function renderHours({ hour }: CronFields): string {
  return findRuns(hour.values)
    .map(({ from, to }) => `${clock(from)}-${clock(to + 1)}`)
    .join(' and ')
}

export function renderWitness(at: { month: number; dom: number; dow: number; hour: number }): string {
  return `${WEEKDAYS[at.dow]} ${at.dom} ${MONTHS[at.month - 1]} ${clock(at.hour)}`
}

function renderRuns(values: ReadonlySet<number>, name: (value: number) => string): string {
  return findRuns(values)
    .map(({ from, to }) => (from === to ? name(from) : `${name(from)}-${name(to)}`))
    .join('+')
}

function findRuns(values: ReadonlySet<number>): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = []
  for (const value of [...values].toSorted((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last !== undefined && last.to === value - 1) last.to = value
    else runs.push({ from: value, to: value })
  }
  return runs
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`
}
