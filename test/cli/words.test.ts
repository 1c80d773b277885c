import test from 'ava'
import { ago, formatMs, parseDuration, type WindowFacts, windowWords } from '../../src/cli/words.ts'

const NOW = new Date('2026-03-04T10:30:00Z') // a Wednesday
const words = (facts: Partial<WindowFacts>): string =>
  windowWords({ desired: 3, window: null, until: null, ...facts }, NOW)

test('a window says how many, until when on its own wall clock, and which it is', (t) => {
  const weekdays = { cron: '* 8-18 * * 1-5', timezone: 'UTC' }
  t.is(words({ window: weekdays, until: '2026-03-04T19:00:00Z' }), '3 until 19:00 UTC (* 8-18 * * 1-5)')
  t.is(
    words({ window: { ...weekdays, timezone: 'Europe/Paris' }, until: '2026-03-04T18:00:00Z' }),
    '3 until 19:00 Europe/Paris (* 8-18 * * 1-5)',
  )
})

test('the day is said only where it is not today', (t) => {
  const window = { cron: '* * * * *', timezone: 'UTC' }
  t.is(words({ window, until: '2026-03-05T00:00:00Z' }), '3 until Thu 00:00 UTC (* * * * *)')
  t.is(words({ window, until: '2026-03-14T08:00:00Z' }), '3 until 14 Mar 08:00 UTC (* * * * *)')
  // Tokyo is nine hours ahead: the same evening there is another day than here.
  t.is(
    words({ window: { ...window, timezone: 'Asia/Tokyo' }, until: '2026-03-04T15:30:00Z' }),
    '3 until Thu 00:30 Asia/Tokyo (* * * * *)',
  )
})

test('outside every window, and without any', (t) => {
  t.is(words({ desired: 0, until: '2026-03-04T12:00:00Z' }), '0 until 12:00 UTC (outside every window)')
  t.is(words({ desired: 2 }), '2 always')
})

test('a zone that this Node does not know reads as UTC, and says so', (t) => {
  const window = { cron: '* 8 * * *', timezone: 'Mars/Base' }
  t.is(words({ window, until: '2026-03-04T12:00:00Z' }), '3 until 12:00 UTC (* 8 * * *)')
})

test('durations', (t) => {
  const cases: [string, number][] = [
    ['500ms', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
  ]
  for (const [text, ms] of cases) t.is(parseDuration(text), ms, text)
  for (const wrong of ['', '5', '-5s', '5 s', '5d', 's', '5s!']) {
    t.throws(() => parseDuration(wrong), { message: /is not a duration/ }, wrong)
  }
})

test('spans and ages', (t) => {
  t.deepEqual([0, 87.4, 999, 1000, 30_000, 61_000].map(formatMs), ['0 ms', '87 ms', '999 ms', '1 s', '30 s', '1m 1s'])
  t.deepEqual(
    ['2026-03-04T10:29:30Z', '2026-03-04T10:00:00Z', '2026-03-04T01:00:00Z', '2026-03-01T10:00:00Z'].map((time) =>
      ago(time, NOW),
    ),
    ['30s ago', '30m ago', '9h ago', '3d ago'],
  )
  t.is(ago('2026-03-04T10:31:00Z', NOW), '0s ago', 'the clocks differ')
})
