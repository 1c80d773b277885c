import { readFileSync } from 'node:fs'
import test from 'ava'
import { Refusal } from '../../src/domain/errors.ts'
import { desiredInstances, isWithin, nextBoundary, parseWindow } from '../../src/domain/windows.ts'

type Row = { id: string; cron: string; timezone: string; instant: string; within: boolean; note: string }

const rows: Row[] = JSON.parse(readFileSync(new URL('../vectors/cron_windows.json', import.meta.url), 'utf8')).cases

for (const { id, cron, timezone, instant, within, note } of rows) {
  test(`vector ${id}: ${note}`, (t) => {
    t.is(isWithin(parseWindow(cron), timezone, new Date(instant)), within)
  })
}

const MINUTE_MS = 60_000

/** Some weeks around every kind of clock change: a gap, a repeat, half an hour, a lost day, a lost midnight. */
const changes: [zone: string, from: string, days: number][] = [
  ['Europe/Berlin', '2025-03-20', 14],
  ['Europe/Berlin', '2025-10-18', 14],
  ['America/New_York', '2025-03-02', 14],
  ['America/New_York', '2025-10-26', 14],
  ['Australia/Lord_Howe', '2025-03-30', 14],
  ['Australia/Lord_Howe', '2025-09-28', 14],
  ['Pacific/Apia', '2011-12-20', 20],
  ['America/Santiago', '2025-04-01', 10],
  ['America/Santiago', '2025-09-01', 14],
  ['Africa/Cairo', '2025-04-18', 14],
  ['Africa/Cairo', '2025-10-24', 14],
  ['Asia/Kolkata', '2025-06-01', 10],
]

const sets = [
  ['* 9-18 * * 1-5'],
  ['* 0-1 * * *', '* 2 * * *', '* 23 * * 5'],
  ['* * * * 5', '* 0 * * 0,6'],
  ['* 1 * * *', '* 3,5 1-7 * *', '* 4 31 * 0'],
]

for (const [zone, from, days] of changes) {
  test(`the next boundary in ${zone} from ${from} is the one that a look at every minute finds`, (t) => {
    const start = Date.parse(from)
    for (const crons of sets) {
      const windows = crons.map(parseWindow)
      const open = (ms: number) => windows.map((window) => isWithin(window, zone, new Date(ms))).join()
      const expected: number[] = []
      let before = open(start)
      for (let ms = start + MINUTE_MS; ms <= start + days * 24 * 60 * MINUTE_MS; ms += MINUTE_MS) {
        const now = open(ms)
        if (now !== before) expected.push(ms)
        before = now
      }
      const found: number[] = []
      for (let at = start; found.length < expected.length; at = found.at(-1)!) {
        found.push(nextBoundary(windows, zone, new Date(at))!.getTime())
      }
      t.deepEqual(found, expected)
      const [first] = expected
      t.is(nextBoundary(windows, zone, new Date(first! - 1))?.getTime(), first)
    }
  })
}

const boundary = (cron: string, zone: string, now: string) =>
  nextBoundary([parseWindow(cron)], zone, new Date(now))?.toISOString() ?? null

test('a window that is always open has no boundary', (t) => {
  t.is(boundary('* * * * *', 'Europe/Berlin', '2025-06-01T00:00:00Z'), null)
  t.is(boundary('* * 1-31 * 1', 'Europe/Berlin', '2025-06-01T00:00:00Z'), null)
  t.is(nextBoundary([], 'UTC', new Date('2025-06-01T00:00:00Z')), null)
})

test('the longest wait for a leap day is found', (t) => {
  t.is(boundary('* 9 29 2 *', 'UTC', '2096-02-29T10:00:00Z'), '2104-02-29T09:00:00.000Z')
})

test('a window of all but one month closes at the end of that month', (t) => {
  t.is(boundary('* * * 1-11 *', 'Europe/Berlin', '2025-02-01T00:00:00Z'), '2025-11-30T23:00:00.000Z')
})

test('a day whose midnight is missing opens at its first instant', (t) => {
  t.is(boundary('* * * * 0', 'America/Santiago', '2025-09-06T12:00:00Z'), '2025-09-07T04:00:00.000Z')
})

test('where one window follows another without a pause, the change is a boundary', (t) => {
  const windows = ['* 9-11 * * *', '* 12-18 * * *'].map(parseWindow)
  t.is(nextBoundary(windows, 'UTC', new Date('2025-06-02T10:00:00Z'))?.toISOString(), '2025-06-02T12:00:00.000Z')
})

test('a boundary is strictly after now', (t) => {
  t.is(boundary('* 9-18 * * *', 'UTC', '2025-06-02T09:00:00.000Z'), '2025-06-02T19:00:00.000Z')
  t.is(boundary('* 9-18 * * *', 'UTC', '2025-06-02T08:59:59.999Z'), '2025-06-02T09:00:00.000Z')
})

test('a window that does not parse is refused with its reason', (t) => {
  const error = t.throws(() => parseWindow('0 9 * * *'), { instanceOf: Refusal })
  t.regex(error?.message ?? '', /minute field/)
})

const officeHours = { base: 1, timezone: 'Europe/Berlin', schedules: [{ cron: '* 9-18 * * 1-5', instances: 3 }] }

test('inside a window its count is wanted, until it closes', (t) => {
  const target = desiredInstances(officeHours, new Date('2025-06-02T08:00:00Z'))
  t.like(target, { desired: 3, source: 'window', window: { cron: '* 9-18 * * 1-5', instances: 3, index: 0 } })
  t.is(target.until?.toISOString(), '2025-06-02T17:00:00.000Z')
})

test('outside all windows the base count is wanted, until one opens', (t) => {
  const target = desiredInstances(officeHours, new Date('2025-06-02T06:00:00Z'))
  t.like(target, { desired: 1, source: 'base', window: null })
  t.is(target.until?.toISOString(), '2025-06-02T07:00:00.000Z')
})

test('stored schedules that cannot be used give the base count and say why', (t) => {
  const now = new Date('2025-06-02T08:00:00Z')
  for (const preset of [
    { ...officeHours, timezone: null },
    { ...officeHours, timezone: 'Mars/Olympus' },
    { ...officeHours, schedules: [...officeHours.schedules, { cron: '* 12 * * 1', instances: 2 }] },
    { ...officeHours, schedules: [{ cron: 'garbage', instances: 2 }] },
    { ...officeHours, schedules: [{ cron: '* 9 * * *', instances: -1 }] },
  ]) {
    const target = desiredInstances(preset, now)
    t.like(target, { desired: 1, source: 'config_error', window: null, until: null })
    t.truthy(target.configError)
  }
})
