import test from 'ava'
import { CliFailure } from '../../src/cli/failure.ts'
import { createOutput, type OutputOptions, type Paint, printable } from '../../src/cli/output.ts'
import { renderPools } from '../../src/cli/prebuilds/list.ts'
import { type Column, renderFacts, renderTable } from '../../src/cli/table.ts'

const plain: Paint = (_, text) => text

function setup(options: Partial<OutputOptions & { tty: boolean }> = {}) {
  const written = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: options.tty === true,
    columns: 40,
    write: (text: string) => {
      written[name] += text
    },
  })
  const output = createOutput(
    { json: false, quiet: false, color: false, ...options },
    { stdout: stream('stdout'), stderr: stream('stderr') },
  )
  return { output, written }
}

const pool = {
  preset_id: '00000000-0000-4000-8000-000000000001',
  preset_name: 'always-warm',
  preset_key: 'always-warm',
  template_id: '00000000-0000-4000-8000-000000000002',
  template_name: 'us-nix',
  template_version_id: '00000000-0000-4000-8000-000000000003',
  template_version_name: 'v1',
  organization_name: 'default',
  desired: 3,
  base: 1,
  window: { cron: '* 8-18 * * 1-5', timezone: 'UTC' },
  until: '2026-03-04T19:00:00Z',
  ready: 2,
  starting: 1,
  failed: 0,
  hold: null,
  week: '',
}

test('columns line up, numbers to the right, with nothing behind the last', (t) => {
  const rows = [
    { name: 'a', count: 1, note: '' },
    { name: 'longer', count: 100, note: 'x' },
  ]
  const columns = [
    { title: 'NAME', cell: (row: (typeof rows)[number]) => row.name },
    { title: 'N', align: 'right', cell: (row: (typeof rows)[number]) => String(row.count) },
    { title: 'NOTE', cell: (row: (typeof rows)[number]) => row.note },
  ] as const
  t.is(renderTable(rows, { columns, paint: plain }), 'NAME      N  NOTE\na         1\nlonger  100  x')
})

test('colours do not move columns, and wide letters count once', (t) => {
  const columns = [
    { title: 'A', cell: (row: string) => row, style: () => 'red' },
    { title: 'B', cell: () => 'b' },
  ] satisfies Column<string>[]
  const painted = renderTable(['é', 'xyz'], { columns, paint: (style, text) => `<${style}>${text}</>` })
  t.is(painted, '<bold>A</>    <bold>B</>\n<red>é</>    b\n<red>xyz</>  b')
})

test('what a server sends cannot steer the terminal or break a table', (t) => {
  t.is(printable('a\u001B[31mb\u0007\u009B\tc\nd\r'), 'a[31mb\tc\nd')
  const columns = [{ title: 'X', cell: (row: string) => row }] as const
  t.is(renderTable(['a\n\u001B[2Jb'], { columns, paint: plain }), 'X\na [2Jb')
  t.is(renderTable(['x'.repeat(500)], { columns, paint: plain }).split('\n')[1]?.length, 72)
})

test('facts without a value are left out', (t) => {
  t.is(
    renderFacts(
      [
        ['A', '1'],
        ['Long', undefined],
        ['B', ''],
      ],
      plain,
    ),
    'A     1',
  )
})

test('a pool says what is wanted, until when, and what is there', (t) => {
  const now = new Date('2026-03-04T10:30:00Z')
  const held = { ...pool, preset_name: 'p', window: null, until: null, hold: 'paused' }
  const table = renderPools([pool, held], { paint: plain, now })
  t.deepEqual(table.split('\n'), [
    'PRESET              WANTED                              READY  STARTING  FAILED  HOLD',
    'us-nix/always-warm  3 until 19:00 UTC (* 8-18 * * 1-5)      2         1       0',
    'us-nix/p            3 always                                2         1       0  paused',
  ])
  t.regex(renderPools([], { paint: plain, now }), /^No pools yet\. .*daybreak templates push DIR$/)
})

test('with --json one value goes to stdout and remarks go nowhere', (t) => {
  const { output, written } = setup({ json: true })
  output.note('a remark')
  output.progress('working')
  output.answer({ a: 1 }, () => 'for people')
  t.deepEqual(written, { stdout: '{"a":1}\n', stderr: '' })
})

test('without a terminal progress is a line per change, with --quiet none', (t) => {
  const { output, written } = setup()
  for (const text of ['one', 'one', 'two']) output.progress(text)
  output.answer({}, () => 'done')
  t.deepEqual(written, { stdout: 'done\n', stderr: 'one\ntwo\n' })
  const quiet = setup({ quiet: true })
  quiet.output.progress('one')
  quiet.output.note('remark')
  quiet.output.answer({}, () => 'done')
  t.deepEqual(quiet.written, { stdout: 'done\n', stderr: '' })
})

test('on a terminal progress is one line, gone before anything else is written', (t) => {
  const { output, written } = setup({ tty: true })
  output.progress('working')
  output.note('remark')
  output.settle()
  output.note('after')
  t.is(written.stderr.split('\r\u001B[2K').join('|'), '|working 0.0 s|remark\n|working 0.0 s|after\n')
})

test('an error is a sentence and what belongs to it, or the same as JSON', (t) => {
  const failure = new CliFailure('Refused.', {
    detail: 'Do this.',
    status: 400,
    validations: [{ field: 'a', detail: 'bad' }],
  })
  const people = setup()
  people.output.fail(failure)
  t.is(people.written.stderr, 'daybreak: Refused.\n  a: bad\n  Do this.\n')
  const programs = setup({ json: true })
  programs.output.fail(failure)
  t.deepEqual(JSON.parse(programs.written.stderr), {
    error: { message: 'Refused.', detail: 'Do this.', status: 400, validations: [{ field: 'a', detail: 'bad' }] },
  })
})
