import { readFileSync } from 'node:fs'
import test from 'ava'
import {
  findOverlaps,
  type Overlap,
  renderWeek,
  type ScheduleProblem,
  validateSchedules,
} from '../../src/domain/overlap.ts'

type Row = {
  id: string
  schedules: string[]
  valid: boolean
  error: ScheduleProblem['code'] | null
  overlaps: Overlap[]
  note: string
}

const rows: Row[] = JSON.parse(readFileSync(new URL('../vectors/schedule_overlap.json', import.meta.url), 'utf8')).cases

for (const { id, schedules, valid, error, overlaps, note } of rows) {
  test(`vector ${id}: ${note}`, (t) => {
    const [problem] = validateSchedules('UTC', withCounts(schedules))
    t.is(problem === undefined, valid)
    t.is(problem?.code ?? null, error)
    if (valid || error === 'overlap') t.deepEqual(findOverlaps(schedules), overlaps)
  })
}

function withCounts(crons: readonly string[]): { cron: string; instances: number }[] {
  return crons.map((cron) => ({ cron, instances: 1 }))
}

test('an overlap names both schedules and an hour that lies in both', (t) => {
  const [problem] = validateSchedules('UTC', withCounts(['* 9-18 1-15 * 1-3', '* 9-18 16-31 * 4-6']))
  t.like(problem, { index: 1, code: 'overlap', witness: { month: 1, dom: 1, dow: 4, hour: 9 } })
  t.is(problem?.message, 'Schedules 1 and 2 overlap, for example Thu 1 Jan 09:00; separate their hours or days.')
})

test('the same schedule twice is called the same', (t) => {
  const [problem] = validateSchedules('UTC', withCounts(['* 9 * * *', '* 9 * * *']))
  t.is(problem?.message, 'Schedules 1 and 2 are the same window; remove one of them.')
})

test('every problem is reported, the time zone once', (t) => {
  const problems = validateSchedules('Mars/Olympus', [
    { cron: '* 9-24 * * *', instances: 1 },
    { cron: '* 9 * * *', instances: -1 },
    { cron: '* 10 * * *', instances: 1.5 },
    { cron: '* 9-10 * * *', instances: 1 },
  ])
  t.deepEqual(
    problems.map(({ index, code, position }) => [index, code, position]),
    [
      [null, 'unknown_timezone', undefined],
      [0, 'out_of_range', 4],
      [1, 'negative_instances', undefined],
      [2, 'fractional_instances', undefined],
      [3, 'overlap', undefined],
      [3, 'overlap', undefined],
    ],
  )
})

test('a preset without schedules needs no time zone, but a wrong one is reported', (t) => {
  t.deepEqual(validateSchedules(null, []), [])
  t.is(validateSchedules('europe/berlin', [])[0]?.code, 'unknown_timezone')
  t.is(validateSchedules(null, withCounts(['* 9 * * *']))[0]?.code, 'timezone_required')
})

test('a week is rendered as people write it', (t) => {
  const week = renderWeek(0, [
    { cron: '* 8-18 * * 1-5', instances: 3 },
    { cron: '* 8-14 * * 6', instances: 1 },
  ])
  t.is(week, 'Mon-Fri 08:00-19:00: 3, Sat 08:00-15:00: 1, else 0')
})

test('nights, weekends, dates and months are rendered too', (t) => {
  t.is(renderWeek(2, []), 'always 2')
  t.is(renderWeek(1, [{ cron: '* 22-23,0-5 * * 6,0', instances: 4 }]), 'Sat-Sun 00:00-06:00 and 22:00-24:00: 4, else 1')
  t.is(
    renderWeek(1, [{ cron: '* * 1-7 12,1 1,5', instances: 0 }]),
    'day 1-7 of the month or Mon+Fri in Jan+Dec 00:00-24:00: 0, else 1',
  )
  t.is(renderWeek(1, [{ cron: 'nonsense', instances: 5 }]), '"nonsense" (not valid): 5, else 1')
})
