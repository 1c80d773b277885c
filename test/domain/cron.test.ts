import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { matchesDay } from '../../src/domain/cron/days.ts'
import { compilePattern } from '../../src/domain/cron/pattern.ts'
import { type CronErrorCode, type CronOptions, validateCron, validateTimezone } from '../../src/domain/cron.ts'
import { ZONE_NAMES } from '../../src/domain/zoneNames.ts'

type Row = {
  id: string
  kind: CronOptions['kind']
  expression: string
  timezone?: string
  valid: boolean
  error: CronErrorCode | null
  warnings: string[]
  note: string
}

const rows: Row[] = JSON.parse(readFileSync(new URL('../vectors/cron_validation.json', import.meta.url), 'utf8')).cases

for (const row of rows) {
  test(`vector ${row.id}: ${row.note}`, (t) => {
    const check = validateCron(row.expression, optionsOf(row.kind, row.timezone))
    t.is(check.valid, row.valid)
    t.is(check.valid ? null : check.error.code, row.error)
    t.deepEqual(check.warnings, row.warnings)
  })
}

function optionsOf(kind: CronOptions['kind'], timezone: string | undefined): CronOptions {
  return kind === 'prebuild_window' ? { kind, timezone } : { kind }
}

const inWindow = { kind: 'prebuild_window', timezone: 'UTC' } as const

const mistakes: [title: string, expression: string, options: CronOptions, code: CronErrorCode, position: number][] = [
  ['blanks alone are an empty schedule', ' \t ', { kind: 'autostart' }, 'empty', 0],
  ['a missing field is missed at the end', '30 9 * *', { kind: 'autostart' }, 'field_count', 8],
  ['a sixth field is where the mistake begins', '* 9 * * 1 2026', inWindow, 'field_count', 10],
  ['a prefix alone has no fields', 'CRON_TZ=UTC', { kind: 'autostart' }, 'field_count', 11],
  [
    'a descriptor counts as one even behind a zone',
    'CRON_TZ=UTC @daily',
    { kind: 'autostart' },
    'descriptor_not_supported',
    12,
  ],
  [
    'an unknown zone is found after the count of fields',
    'CRON_TZ=Mars 9 * *',
    { kind: 'autostart' },
    'field_count',
    18,
  ],
  ['the zone of a prefix is pointed at', ' CRON_TZ=Mars 30 9 * * 1', { kind: 'autostart' }, 'unknown_timezone', 9],
  ['an offset is not a zone name', 'CRON_TZ=+02:00 30 9 * * 1', { kind: 'autostart' }, 'unknown_timezone', 8],
  ['Local is refused in a prefix as well', 'CRON_TZ=Local 30 9 * * 1', { kind: 'autostart' }, 'local_timezone', 8],
  [
    'the time zone of windows is asked for before their fields',
    '',
    { kind: 'prebuild_window', timezone: null },
    'empty',
    0,
  ],
  [
    'a missing zone comes before the number of fields',
    'x',
    { kind: 'prebuild_window', timezone: null },
    'timezone_required',
    0,
  ],
  ['a window takes no prefix of any spelling', 'TZ=UTC * 9 * * 1', inWindow, 'tz_prefix_not_allowed', 0],
  ['the fixed minute comes before a later wrong number', '5 x * * 1', inWindow, 'minute_not_star', 0],
  ['the month of an autostart is pointed at', '30 9 * JUN 1', { kind: 'autostart' }, 'dom_month_not_star', 7],
  ['quiet hours are daily', '0 2 * * 1', { kind: 'quiet_hours' }, 'dow_not_star', 8],
  ['quiet hours have one hour', '0 2-3 * * *', { kind: 'quiet_hours' }, 'single_time_required', 2],
  ['a wrong single time is a wrong number', '0 25 * * *', { kind: 'quiet_hours' }, 'out_of_range', 2],
  ['a negative single time is a wrong number', '0 -2 * * *', { kind: 'quiet_hours' }, 'bad_number', 2],
  ['the item of a list is pointed at', '* 9,1O * * 1-5', inWindow, 'bad_number', 4],
  ['the end of a range is pointed at', '* 9-24 * * 1-5', inWindow, 'out_of_range', 4],
  ['two slashes are a wrong step', '* 9-18/2/3 * * *', inWindow, 'bad_step', 7],
  ['an empty step is a wrong step', '* 9-18/ * * *', inWindow, 'bad_step', 7],
  ['two hyphens are a wrong number', '* 9-12-18 * * *', inWindow, 'bad_number', 4],
  ['a star cannot begin a range', '* *-5 * * *', inWindow, 'bad_number', 2],
  ['a name of another field is not a number', '* MON * * *', inWindow, 'bad_number', 2],
  ['a name must be whole', '* 9 * * MONDAY', inWindow, 'bad_number', 8],
  ['the nth weekday is not supported', '* 9 * * 1#2', inWindow, 'bad_number', 8],
  ['a weekend written as a range runs backwards', '* 9 * * SAT-SUN', inWindow, 'range_reversed', 8],
  ['the first wrong field is reported', '* 24 32 13 7', inWindow, 'out_of_range', 2],
  ['a day that no month of the list has', '* 9 30,31 2 *', inWindow, 'never_matches', 4],
]

for (const [title, expression, options, code, position] of mistakes) {
  test(title, (t) => {
    const check = validateCron(expression, options)
    t.false(check.valid)
    if (check.valid) return
    t.is(check.error.code, code)
    t.is(check.error.position, position)
    t.regex(check.error.message, /^[A-Z"].*[.?]$/)
  })
}

test('an impossible date joined with a weekday still happens on that weekday', (t) => {
  const check = validateCron('* 9 31 2 1', inWindow)
  t.true(check.valid)
  t.deepEqual(check.warnings, ['dom_and_dow_are_joined_with_or'])
})

test('a step beyond the field leaves its first value, and tabs and names are fine', (t) => {
  const check = validateCron('CRON_TZ=Europe/Kyiv\t*/90 9 * * mon-FRI/2', { kind: 'autostart' })
  t.true(check.valid)
  if (!check.valid) return
  t.is(check.timezone, 'Europe/Kyiv')
  t.deepEqual([...check.fields.minute.values], [0])
  t.deepEqual([...check.fields.dayOfWeek.values], [1, 3, 5])
  t.deepEqual(check.warnings, [])
})

test('only a list of two days with days between them is taken for a mistaken range', (t) => {
  const warned = ['1,5', 'MON,FRI', '2,4'].map((days) => validateCron(`* 9 * * ${days}`, inWindow).warnings.length)
  const fine = ['1,2', '0,6', '6,0', '5,1', '1,3,5', '1-5', '1,1'].map(
    (days) => validateCron(`* 9 * * ${days}`, inWindow).warnings.length,
  )
  t.deepEqual(warned, [1, 1, 1])
  t.deepEqual(fine, [0, 0, 0, 0, 0, 0, 0])
})

test('a step of one and a question mark leave a day field as open as a star', (t) => {
  for (const expression of ['* 9 */1 * 1', '* 9 ? * 1']) {
    const check = validateCron(expression, inWindow)
    t.true(check.valid && check.fields.dayOfMonth.star)
  }
})

test('a zone in the wrong letter case is told the right one', (t) => {
  t.regex(validateTimezone('europe/berlin')?.message ?? '', /did you mean Europe\/Berlin\?$/)
  t.is(validateTimezone('US/Central'), undefined)
})

test('the zone names are the exact ones of PostgreSQL', (t) => {
  for (const name of ['UTC', 'US/Central', 'Europe/Kyiv', 'Pacific/Apia']) t.true(ZONE_NAMES.has(name))
  for (const name of ['Local', 'localtime', 'posixrules', 'Factory', 'posix/UTC', 'utc']) t.false(ZONE_NAMES.has(name))
})

const item = (min: number, max: number) =>
  fc.oneof(
    fc.integer({ min, max }).map(String),
    fc
      .tuple(fc.integer({ min, max }), fc.integer({ min, max }), fc.integer({ min: 1, max: 70 }))
      .map(([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}/${step}`),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min: 1, max: 70 })).map(([a, step]) => `${a}/${step}`),
    fc.integer({ min: 1, max: 70 }).map((step) => `*/${step}`),
  )
const field = (min: number, max: number) =>
  fc.oneof(
    fc.constant('*'),
    fc.array(item(min, max), { minLength: 1, maxLength: 3 }).map((items) => items.join(',')),
  )

test('the numbers that we read are the minutes that the library matches', (t) => {
  const expression = fc
    .tuple(field(0, 23), field(1, 31), field(1, 12), field(0, 6))
    .map((fields) => ['*', ...fields].join(' '))
  const wall = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  fc.assert(
    fc.property(expression, wall, (text, at) => {
      const check = validateCron(text, inWindow)
      if (!check.valid) return check.error.code === 'never_matches'
      const day = { month: at.getUTCMonth() + 1, dayOfMonth: at.getUTCDate(), dayOfWeek: at.getUTCDay() }
      const ours = matchesDay(check.fields, day) && check.fields.hour.values.has(at.getUTCHours())
      const minute = new Date(Math.floor(at.getTime() / 60_000) * 60_000)
      return ours === compilePattern(check.fields).match(minute)
    }),
    { numRuns: 2_000 },
  )
  t.pass()
})
