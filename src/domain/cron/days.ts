// Which days of a calendar a pattern matches, over every combination of date and weekday that some year has.
import type { CronFields } from './fields.ts'

export type CalendarDay = { month: number; dayOfMonth: number; dayOfWeek: number }

/** Leap years count: 29 February falls on each weekday in some year. */
const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const DAYS_IN_WEEK = 7

/** 366 dates x 7 weekdays, ordered by month, day of the month and weekday from Sunday. */
export const CALENDAR: readonly CalendarDay[] = DAYS_IN_MONTH.flatMap((length, index) =>
  Array.from({ length: length * DAYS_IN_WEEK }, (_, day) => ({
    month: index + 1,
    dayOfMonth: Math.floor(day / DAYS_IN_WEEK) + 1,
    dayOfWeek: day % DAYS_IN_WEEK,
  })),
)

/** Cron's own rule: two restricted day fields are joined with OR, otherwise the restricted one decides. */
export function matchesDay(fields: CronFields, day: CalendarDay): boolean {
  const { dayOfMonth, dayOfWeek, month } = fields
  if (!month.values.has(day.month)) return false
  const byDate = dayOfMonth.values.has(day.dayOfMonth)
  const byWeekday = dayOfWeek.values.has(day.dayOfWeek)
  return dayOfMonth.star || dayOfWeek.star ? byDate && byWeekday : byDate || byWeekday
}
