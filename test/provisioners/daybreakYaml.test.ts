import { readFile } from 'node:fs/promises'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { pack } from 'tar-stream'
import { Refusal } from '../../src/domain/errors.ts'
import { TemplateManifest } from '../../src/domain/manifest.ts'
import { inspectDaybreakYaml, MAX_PROBLEMS, MAX_YAML_BYTES } from '../../src/provisioners/daybreakYaml.ts'
import type { DriverIo } from '../../src/provisioners/driver.ts'

const EXAMPLE = new URL('../../examples/templates/us-nix/daybreak.yaml', import.meta.url)
const AGENT = 'agents:\n  - name: main\n'

async function tar(files: Record<string, string | Buffer>): Promise<Buffer> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content)
  archive.finalize()
  return Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Buffer>))
}

async function inspect(text: string): Promise<{ manifest: TemplateManifest; lines: string[] }> {
  const lines: string[] = []
  const io: DriverIo = {
    log: ({ level, output }) => lines.push(`${level} ${output}`),
    signal: new AbortController().signal,
  }
  return { manifest: await inspectDaybreakYaml(await tar({ './daybreak.yaml': text }), io), lines }
}

async function refusal(t: ExecutionContext, reading: Promise<unknown>): Promise<Refusal> {
  const refused = await t.throwsAsync(reading, { instanceOf: Refusal })
  t.is(refused?.code, 'invalid')
  return refused
}

async function problems(t: ExecutionContext, text: string): Promise<string[]> {
  const { validations } = await refusal(t, inspect(text))
  return validations.map(({ field, detail }) => `${field.replace(/^daybreak\.yaml:?/, '')} ${detail}`)
}

test('the example is read, and the log says how many are kept ready when', async (t) => {
  const { manifest, lines } = await inspect(await readFile(EXAMPLE, 'utf8'))
  t.deepEqual(
    manifest.presets.map(({ name, prebuilds }) => [name, prebuilds?.instances, prebuilds?.scheduling?.timezone]),
    [
      ['us-nix', 0, 'UTC'],
      ['always-warm', 2, undefined],
    ],
  )
  t.deepEqual(lines, [
    'info Prebuilds of us-nix: Mon-Fri 08:00-19:00: 3, Sat 08:00-15:00: 1, else 0 (UTC)',
    'info Prebuilds of always-warm: always 2',
  ])
})

test('an agent with a name is enough', async (t) => {
  const { manifest } = await inspect(AGENT)
  t.deepEqual(manifest, TemplateManifest.parse({ agents: [{ name: 'main' }] }))
})

test('a template without a daybreak.yaml says where it looked', async (t) => {
  const io = { log: () => {}, signal: new AbortController().signal }
  const missing = await refusal(t, inspectDaybreakYaml(await tar({ 'main.tf': '' }), io))
  t.is(missing.message, 'This template has no daybreak.yaml.')
  t.is(missing.detail, 'Put one into the root of the folder that you push.')
  const deeper = await refusal(t, inspectDaybreakYaml(await tar({ 'a/us/daybreak.yaml': AGENT }), io))
  t.is(deeper.detail, 'There is one in a/us; push that folder.')
  const both = await refusal(t, inspectDaybreakYaml(await tar({ 'daybreak.yaml': AGENT, 'daybreak.yml': AGENT }), io))
  t.is(both.message, 'This template has both daybreak.yaml and daybreak.yml.')
})

test('daybreak.yml is read too, and called by its name', async (t) => {
  const io = { log: () => {}, signal: new AbortController().signal }
  t.is((await inspectDaybreakYaml(await tar({ 'daybreak.yml': AGENT }), io)).agents[0]?.name, 'main')
  const refused = await refusal(t, inspectDaybreakYaml(await tar({ 'daybreak.yml': 'agents: 3' }), io))
  t.is(refused.message, 'daybreak.yml has a problem at line 1, column 9: agents: must be a list, not 3')
  t.deepEqual(refused.validations, [{ field: 'daybreak.yml:1:9', detail: 'agents: must be a list, not 3' }])
})

test('what is not text is refused', async (t) => {
  const io = { log: () => {}, signal: new AbortController().signal }
  const binary = await refusal(t, inspectDaybreakYaml(await tar({ 'daybreak.yaml': Buffer.from([0xff, 0x61]) }), io))
  t.is(binary.message, 'daybreak.yaml is not UTF-8 text.')
  t.is((await refusal(t, inspect(`# ${'x'.repeat(MAX_YAML_BYTES)}`))).message, 'daybreak.yaml is larger than 256 KiB.')
})

const KNOWN = 'display_name, description, icon, parameters, presets, agents, process'
const FILE_CASES: [title: string, text: string, ...expected: string[]][] = [
  ['an empty file', '# nothing\n', '1:1 the file is empty'],
  ['a list instead of fields', '- 1\n', '1:1 must be a group of fields, not a list'],
  ['text instead of fields', 'hello', '1:1 must be a group of fields, not "hello"'],
  ['bad indentation', 'agents:\n  - name: main\n   os: linux\n', '3:1 sequence item without - indicator'],
  ['a tab', 'agents:\n\t- name: main\n', '2:1 a tab cannot indent a line; use spaces'],
  ['an open quote', 'icon: "x', '1:9 missing closing "quote'],
  ['a second document', `${AGENT}---\n${AGENT}`, '3:1 a second document begins here; remove the line ---'],
  ['a tag', 'agents:\n  - name: !x main\n', '2:11 unresolved tag: !x'],
  ['a key that is a list', '? [a]\n: 1\n', '1:3 a key must be text'],
  ['a repeated key', `icon: a\n${AGENT}icon: b\n`, '4:1 the key "icon" is here twice'],
  ['an unknown anchor', 'agents: *all\n', '1:9 there is no anchor &all before this alias'],
  ['depth', `icon: ${'['.repeat(90)}${']'.repeat(90)}`, '1:71 this is nested too deeply'],
  ['NUL', `icon: "a\\0"\n${AGENT}`, '1:7 this text has a character that cannot be stored'],
  ['half a character', `icon: "a\\ud800"\n${AGENT}`, '1:7 this text has a character that cannot be stored'],
  ['a prototype', `__proto__: 1\n${AGENT}`, `1:1 there is no field "__proto__"; use one of ${KNOWN}`],
]

const FIELD_CASES: [title: string, text: string, ...expected: string[]][] = [
  ['a missing field', 'icon: x\n', '1:1 agents: is missing; give a list'],
  ['an empty list', 'agents: []\n', '1:9 agents: is empty; it needs at least one entry'],
  ['no value', `${AGENT}presets:\n`, '3:1 presets: is empty; give a list or remove the line'],
  ['a misspelt field', `${AGENT}preset: []\n`, '3:1 there is no field "preset"; did you mean "presets"?'],
  [
    'a misspelt field that is required',
    `${AGENT}presets:\n  - name: a\n    prebuilds:\n      instnaces: 3\n`,
    '6:7 presets[0].prebuilds: there is no field "instnaces"; did you mean "instances"?',
  ],
  ['another letter case', 'agents:\n  - name: a\n    connectionTimeout: 3\n', camel('3:5 agents[0]')],
  [
    'a setting that there is not',
    `${AGENT}process:\n  image: x\n`,
    '4:3 process: there is no field "image"; nothing can be set here',
  ],
  ['a number for text', `${AGENT}icon: 3\n`, '3:7 icon: must be text; write it in quotes: "3"'],
  [
    'yes for true',
    `${AGENT}presets: [{name: a, default: yes}]\n`,
    '3:30 presets[0].default: must be true or false, not "yes"',
  ],
  [
    'an unknown choice',
    'agents: [{name: a, os: linus}]',
    '1:24 agents[0].os: must be "linux", "darwin" or "windows", not "linus"; did you mean "linux"?',
  ],
  [
    'too much text',
    `${AGENT}display_name: ${'x'.repeat(65)}\n`,
    '3:15 display_name: must be at most 64 characters long; it has 65',
  ],
  ['a bad name', 'agents: [{name: a b}]', '1:17 agents[0].name: use letters, digits and single dashes between them'],
  [
    'a bad variable',
    'agents:\n  - name: a\n    env: {A: x, 1B: y, C: 3}\n',
    '3:17 agents[0].env.1B: a variable is named with letters, digits and underscores, and not with a digit first',
    '3:27 agents[0].env.C: must be text; write it in quotes: "3"',
  ],
]

function camel(at: string): string {
  return `${at}: there is no field "connectionTimeout"; did you mean "connection_timeout"?`
}

for (const [title, text, ...expected] of [...FILE_CASES, ...FIELD_CASES]) {
  test(`refused at its place: ${title}`, async (t) => {
    t.deepEqual(await problems(t, text), expected)
  })
}

const BROKEN = `icon: 7
parameters:
  - name: size
    type: numbr
presets:
  - name: Large one
    prebuilds:
      instances: -3
      expiration_policy: {ttl: 60}
      scheduling:
        timezone: US/Pacfic
        schedule:
          - cron: "* 9-25 * * *"
            instances: 1
          - cron: * 8-10 * * 1-5
            instances: many
          - cron: '* 9 * * 1'
            instances: 2
  - name: large-one
    parameters: {syze: "1"}
agents:
  - name: main
    colour: red
    scripts:
      - display_name: Start
        script: |
          true
`

test('all problems are reported at once, each where it is', async (t) => {
  const quoted = BROKEN.replace('* 8-10 * * 1-5', '"* 8-10 * * 1-5"')
  const refused = await refusal(t, inspect(quoted))
  t.is(
    refused.message,
    'daybreak.yaml has 11 problems; the first is at line 1, column 7: icon: must be text; write it in quotes: "7"',
  )
  const scheduling = 'presets[0].prebuilds.scheduling'
  const week = '"* 9-25 * * *" (not valid): 1, Mon-Fri 08:00-11:00: 0, Mon 09:00-10:00: 2, else 0'
  t.deepEqual(
    refused.validations.map(({ field, detail }) => `${field.replace('daybreak.yaml:', '')} ${detail}`),
    [
      '1:7 icon: must be text; write it in quotes: "7"',
      '4:11 parameters[0].type: must be "string", "number", "bool" or "list(string)", not "numbr"; ' +
        'did you mean "number"?',
      '8:18 presets[0].prebuilds.instances: must be at least 0, not -3',
      '9:32 presets[0].prebuilds.expiration_policy.ttl: use 0 (never) or 3600 to 31536000 seconds ' +
        '(one hour to one year)',
      `11:19 ${scheduling}.timezone: There is no time zone "US/Pacfic"; use a name such as Europe/Berlin or UTC.`,
      `13:24 ${scheduling}.schedule[0].cron: The hour must be between 0 and 23; 25 is not.`,
      `16:24 ${scheduling}.schedule[1].instances: must be a number, not "many"`,
      `17:19 ${scheduling}.schedule[2].cron: Schedules 2 and 3 overlap, for example Mon 1 Jan 09:00; ` +
        `separate their hours or days. As written: ${week}.`,
      '19:11 presets[1].name: the presets "Large one" and "large-one" are too similar, their statistics are kept ' +
        'under the same key "large-one"; rename one',
      '23:5 agents[0]: there is no field "colour"; use one of name, os, arch, dir, env, connection_timeout, scripts, ' +
        'apps, metadata, devcontainers, resources_monitoring',
      '25:9 agents[0].scripts[0]: this never runs; set run_on_start, run_on_stop or cron',
    ],
  )
})

test('a cron without quotes is an alias in YAML, and nothing else is guessed from such a file', async (t) => {
  const [first, ...others] = await problems(t, BROKEN)
  t.regex(first ?? '', /^15:/)
  t.true(others.every((problem) => problem.startsWith('15:')))
})

const withCron = (cron: string) =>
  `${AGENT}presets:\n  - name: a\n    prebuilds:\n      instances: 0\n      scheduling:\n        timezone: UTC\n` +
  `        schedule:\n          - instances: 1\n            cron: ${cron}\n`

test('a problem within a schedule is shown at its character, if that can be known', async (t) => {
  const at = async (cron: string) => (await problems(t, withCron(cron))).map((problem) => problem.split(' ')[0])
  t.deepEqual(await at("'* 9 * * 8'"), ['11:28'])
  t.deepEqual(await at('"* 9 * * 8"'), ['11:28'])
  t.deepEqual(await at('"* 9 * *\\x20 8"'), ['11:19'])
  t.deepEqual(await at('&c "* 9 * * 8"'), ['11:31'])
})

test('what an alias repeats is reported where it is written', async (t) => {
  const text = 'agents:\n  - name: a\n    env: &e\n      A: 1\n  - name: b\n    env: *e\n'
  const detail = 'must be text; write it in quotes: "1"'
  t.deepEqual(await problems(t, text), [`4:10 agents[0].env.A: ${detail}`, `4:10 agents[1].env.A: ${detail}`])
})

const level = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(of).join(', ')}]\n`

test('anchors that multiply each other are refused before they are expanded', async (t) => {
  const text = level('a', 'x') + level('b', '*a') + level('c', '*b') + level('d', '*c')
  t.deepEqual(await problems(t, text), ['1:1 the anchors of this file repeat too much; write their content out'])
})

test('an anchor within itself is refused', async (t) => {
  t.deepEqual(await problems(t, 'agents: &a [*a]\n'), ['1:13 agents[0]: must be a group of fields, not a list'])
})

test('a long list of problems is cut and says so', async (t) => {
  const text = `${AGENT}${Array.from({ length: MAX_PROBLEMS + 7 }, (_, index) => `k${index}: 1\n`).join('')}`
  const found = await problems(t, text)
  t.is(found.length, MAX_PROBLEMS + 1)
  t.is(found.at(-1), ' 7 more problems are not listed')
})

test('a schedule that is allowed but seldom meant is a warning with its place', async (t) => {
  const text =
    `${AGENT}presets:\n  - name: a\n    prebuilds:\n      instances: 0\n      scheduling:\n        timezone: UTC\n` +
    '        schedule: [{cron: "* 9 * * 1,5", instances: 1}]\n'
  const { lines } = await inspect(text)
  const path = 'presets[0].prebuilds.scheduling.schedule[0].cron'
  const advice = 'a comma lists two days; write a dash if every day between them is meant'
  t.is(lines[0], `warn daybreak.yaml:9:27: ${path}: ${advice}`)
})

test('a stopped import does not go on', async (t) => {
  const io = { log: () => {}, signal: AbortSignal.abort() }
  await t.throwsAsync(inspectDaybreakYaml(await tar({ 'daybreak.yaml': AGENT }), io), { name: 'AbortError' })
})

/** Long enough for a slow machine; a hang is what this finds. */
const BOUND_MS = 5_000

for (const [title, piece] of Object.entries({
  keys: (index: number) => `k${index}: 1\n`,
  items: (index: number) => (index === 0 ? 'agents:\n- a\n' : '- a\n'),
  brackets: () => '[',
  braces: () => '{a: ',
  dashes: () => '- ',
  questions: () => '? ',
  quotes: () => '"',
  documents: () => '---\n',
  anchors: (index: number) => `k${index}: &a${index} [*a${Math.max(index - 1, 0)}]\n`,
  tags: () => '!x y\n',
})) {
  test.serial(`the largest file of ${title} is answered in bounded time`, async (t) => {
    let text = ''
    for (let index = 0; text.length < MAX_YAML_BYTES - 20; index++) text += piece(index)
    const startedAt = performance.now()
    await refusal(t, inspect(text))
    t.true(performance.now() - startedAt < BOUND_MS)
  })
}

const WORDS =
  'agents presets prebuilds instances name parameters scheduling schedule cron env -1 1.5 true null ~ .nan 0x10 UTC' +
  ' << __proto__ constructor 2001-01-01 [ ] { } , " \' > *a # ---'
const SIGNS = [': ', ':', '- ', '\n', '\n  ', '\n    ', '|\n', '&a ', '!!str ', '!!binary ', '"* 9 * * 1"', '? ', '\t']
SIGNS.push('%YAML 1.1\n---\n', '\r\n', '\ufeff', '"\\0"', '\u{1f600}')

test('no text is answered with anything but a manifest or a refusal', async (t) => {
  const words = fc.constantFrom(...WORDS.split(' '), ...SIGNS)
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(words, { maxLength: 60 }).map((all) => all.join('')),
    fc.tuple(fc.array(words, { maxLength: 8 }), fc.nat({ max: BROKEN.length })).map(([all, at]) => {
      return BROKEN.slice(0, at) + all.join('') + BROKEN.slice(at)
    }),
  )
  await fc.assert(
    fc.asyncProperty(text, async (candidate) => {
      try {
        await inspect(candidate)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        assertPlaced(error)
      }
    }),
    { numRuns: 1500 },
  )
  t.pass()
})

function assertPlaced({ validations }: Refusal): void {
  for (const { field, detail } of validations) {
    if (!/^daybreak\.yaml(:[1-9]\d*:[1-9]\d*)?$/.test(field) || detail === '') throw new Error(`${field} ${detail}`)
  }
}
