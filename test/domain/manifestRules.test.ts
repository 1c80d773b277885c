import test from 'ava'
import { TemplateManifest } from '../../src/domain/manifest.ts'
import { nearestWord } from '../../src/domain/manifestRules/nearestWord.ts'
import { MAX_SCHEDULES } from '../../src/domain/manifestRules/presets.ts'
import { checkManifest, describePool, questionManifest } from '../../src/domain/manifestRules.ts'

const declare = (declared: object): TemplateManifest =>
  TemplateManifest.parse({ agents: [{ name: 'main' }], ...declared })
const check = (declared: object): [string, string][] =>
  checkManifest(declare(declared)).map(({ path, message }) => [path.join('.'), message])
const withSchedule = (crons: string[], timezone = 'UTC') => ({
  name: 'a',
  prebuilds: { instances: 0, scheduling: { timezone, schedule: crons.map((cron) => ({ cron, instances: 2 })) } },
})

test('a template without contradictions has no problem', (t) => {
  t.deepEqual(
    check({
      parameters: [
        { name: 'size', type: 'number', default: '2', options: ['1', '2'].map((value) => ({ name: value, value })) },
        { name: 'tools', type: 'list(string)', default: '["a"]', options: [{ name: 'a', value: 'a' }] },
        { name: 'fast', type: 'bool' },
      ],
      presets: [
        { ...withSchedule(['* 8-18 * * 1-5', '* 8-14 * * 6']), default: true, parameters: { fast: 'true', size: '1' } },
        { name: 'b', prebuilds: undefined },
      ],
      agents: [
        { name: 'main', apps: [{ slug: 'web', url: 'http://localhost' }] },
        { name: 'other', apps: [{ slug: 'shell', command: 'sh' }] },
      ],
    }),
    [],
  )
})

const CASES: [title: string, declared: object, ...problems: [string, string][]][] = [
  [
    'two presets of one name',
    { presets: [{ name: 'a' }, { name: 'b' }, { name: 'a' }] },
    ['presets.2.name', 'the preset "a" is declared twice; rename or remove one'],
  ],
  [
    'two presets of one key',
    { presets: [{ name: 'GPU large' }, { name: 'gpu-large' }] },
    [
      'presets.1.name',
      'the presets "GPU large" and "gpu-large" are too similar, their statistics are kept under the same key ' +
        '"gpu-large"; rename one',
    ],
  ],
  [
    'more than one default',
    { presets: [{ name: 'a', default: true }, { name: 'b' }, { name: 'c', default: true }] },
    ['presets.2.default', 'only one preset can be the default, and "a" is already'],
  ],
  [
    'an unknown parameter that resembles another',
    { parameters: [{ name: 'region', default: '' }], presets: [{ name: 'a', parameters: { regoin: 'x' } }] },
    ['presets.0.parameters.regoin', 'there is no parameter "regoin"; did you mean "region"?'],
  ],
  [
    'an unknown parameter',
    { presets: [{ name: 'a', parameters: { zone: 'x' } }] },
    ['presets.0.parameters.zone', 'there is no parameter "zone"; declare it under parameters'],
  ],
  [
    'a value that is not an option',
    {
      parameters: [{ name: 'p', options: ['small', 'big'].map((value) => ({ name: value, value })) }],
      presets: [
        { name: 'a', parameters: { p: 'smal' } },
        { name: 'b', parameters: { p: 'x' } },
      ],
    },
    ['presets.0.parameters.p', '"smal" is not one of the options; did you mean "small"?'],
    ['presets.1.parameters.p', '"x" is not one of the options; use "small", "big"'],
  ],
  [
    'a preset with prebuilds but without a needed value',
    { parameters: [{ name: 'p' }], presets: [{ name: 'a', prebuilds: { instances: 1 } }, { name: 'b' }] },
    ['presets.0.parameters', 'a preset with prebuilds needs a value for "p", which has no default'],
  ],
  [
    'repeated parameters and options',
    {
      parameters: [
        { name: 'p', options: ['1', '1'].map((value) => ({ name: 'same', value })) },
        { name: 'p', default: '' },
      ],
    },
    ['parameters.1.name', 'the parameter "p" is declared twice; rename or remove one'],
    ['parameters.0.options.1.name', 'the option "same" is declared twice; rename or remove one'],
    ['parameters.0.options.1.value', 'the option value "1" is declared twice; rename or remove one'],
  ],
  [
    'repeated agents, slugs, metadata and dev containers',
    {
      agents: [
        { name: 'main', apps: [{ slug: 'web', url: 'x' }] },
        {
          name: 'Main',
          apps: [{ slug: 'web', url: 'x' }],
          metadata: ['k', 'k'].map((key) => ({ key, script: 'x', interval: 1 })),
          devcontainers: ['d', 'd'].map((name) => ({ name, workspace_folder: '.' })),
        },
      ],
    },
    ['agents.1.name', 'the agent "Main" is declared twice (as "main"); rename or remove one'],
    ['agents.1.apps.0.slug', 'the app slug "web" is declared twice; rename or remove one'],
    ['agents.1.metadata.1.key', 'the metadata key "k" is declared twice; rename or remove one'],
    ['agents.1.devcontainers.1.name', 'the dev container "d" is declared twice; rename or remove one'],
  ],
  [
    'commands that do nothing',
    {
      agents: [
        {
          name: 'main',
          scripts: [
            { display_name: 'a', script: ' \n', run_on_start: true },
            { display_name: 'b', script: 'true' },
          ],
          apps: [{ slug: 'a', command: ' ' }, { slug: 'b' }, { slug: 'c', command: 'sh', url: 'x' }],
          metadata: [{ key: 'k', script: '\t', interval: 1 }],
        },
      ],
    },
    ['agents.0.scripts.0.script', 'is empty; write a command'],
    ['agents.0.scripts.1', 'this never runs; set run_on_start, run_on_stop or cron'],
    ['agents.0.apps.0.command', 'is empty; write a command'],
    ['agents.0.apps.1', 'an app needs a url or a command'],
    ['agents.0.apps.2.command', 'an app has a url or a command, not both'],
    ['agents.0.metadata.0.script', 'is empty; write a command'],
  ],
]

for (const [title, declared, ...problems] of CASES) {
  test(`refused: ${title}`, (t) => {
    t.deepEqual(check(declared), problems)
  })
}

for (const [type, value, problem] of [
  ['number', '-1.5', undefined],
  ['number', '1e3', '"1e3" is not a number'],
  ['number', '', '"" is not a number'],
  ['bool', 'false', undefined],
  ['bool', 'yes', '"yes" is not "true" or "false"'],
  ['list(string)', '["a"]', undefined],
  ['list(string)', 'a', `"a" is not a list of texts such as '["a", "b"]'`],
  ['list(string)', '[1]', `"[1]" is not a list of texts such as '["a", "b"]'`],
  ['string', '', undefined],
] as const) {
  test(`the default ${JSON.stringify(value)} of a ${type} is ${problem === undefined ? 'allowed' : 'refused'}`, (t) => {
    const found = check({ parameters: [{ name: 'p', type, default: value }] })
    t.deepEqual(found, problem === undefined ? [] : [['parameters.0.default', problem]])
  })
}

test('a list may be one of the options or be put together from them', (t) => {
  const options = ['a', 'b', '["x"]'].map((value) => ({ name: value, value }))
  const found = (value: string) => check({ parameters: [{ name: 'p', type: 'list(string)', default: value, options }] })
  t.deepEqual(found('["a","b"]'), [])
  t.deepEqual(found('["x"]'), [])
  t.is(found('["a","c"]')[0]?.[1], '"c" is not one of the options; use "a", "b", "[\\"x\\"]"')
})

const checkTtl = (ttl: number) =>
  check({ presets: [{ name: 'a', prebuilds: { instances: 1, expiration_policy: { ttl } } }] })

test('a ttl is nothing or at least an hour', (t) => {
  t.deepEqual([0, 3600, 31_536_000].map(checkTtl), [[], [], []])
  const message = 'use 0 (never) or 3600 to 31536000 seconds (one hour to one year)'
  t.deepEqual(checkTtl(3599), [['presets.0.prebuilds.expiration_policy.ttl', message]])
})

test('the zone, each schedule and each overlap is reported at its own path, with the character and the week', (t) => {
  const presets = [{ name: 'first' }, withSchedule(['* 9 * * 8', '* 9-17 * * 1-5', '* 9 * * 1'], 'Local')]
  const found = checkManifest(declare({ presets }))
  t.deepEqual(
    found.map(({ path, offset }) => [path.slice(4).join('.'), offset]),
    [
      ['timezone', undefined],
      ['schedule.0.cron', 8],
      ['schedule.2.cron', undefined],
    ],
  )
  t.deepEqual(found[1]?.path, ['presets', 1, 'prebuilds', 'scheduling', 'schedule', 0, 'cron'])
  t.is(
    found[2]?.message,
    'Schedules 2 and 3 overlap, for example Mon 1 Jan 09:00; separate their hours or days. As written: ' +
      '"* 9 * * 8" (not valid): 2, Mon-Fri 09:00-18:00: 2, Mon 09:00-10:00: 2, else 0.',
  )
})

test('more schedules than can be compared are refused without comparing them', (t) => {
  const crons = Array.from({ length: 64 }, () => '* 9 * * *')
  const presets = ['a', 'b', 'c', 'd', 'e'].map((name) => Object.assign(withSchedule(crons), { name }))
  const message = `all presets together may have at most ${MAX_SCHEDULES} schedules; these have 320`
  t.deepEqual(check({ presets }), [['presets', message]])
})

test('what is seldom meant is asked about but allowed', (t) => {
  const presets = [withSchedule(['* 9 * * 1,5', '* 11 1 * 2'])]
  t.deepEqual(check({ presets }), [])
  t.deepEqual(
    questionManifest(declare({ presets })).map(({ path, message }) => [path[5], message]),
    [
      [0, 'a comma lists two days; write a dash if every day between them is meant'],
      [1, 'a day of the month and a weekday together mean either of them, not both'],
    ],
  )
})

test('a pool is described by its week', (t) => {
  const [pool, always, none] = declare({
    presets: [withSchedule(['* 9-17 * * 1-5']), { name: 'b', prebuilds: { instances: 2 } }, { name: 'c' }],
  }).presets.map(describePool)
  t.is(pool, 'a: Mon-Fri 09:00-18:00: 2, else 0 (UTC)')
  t.is(always, 'b: always 2')
  t.is(none, undefined)
})

test('the nearest word is the one with the fewest slips, or none', (t) => {
  const words = ['instances', 'scheduling', 'run_on_start', 'cron', 'os']
  t.is(nearestWord('instnaces', words), 'instances')
  t.is(nearestWord('runOnStart', words), 'run_on_start')
  t.is(nearestWord('schedule', words), undefined)
  t.is(nearestWord('icon', words), undefined)
  t.is(nearestWord('dir', words), undefined)
  t.is(nearestWord('', words), undefined)
})
