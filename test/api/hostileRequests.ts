// Requests that try to break an endpoint, made from its own schema.
import fc from 'fast-check'
import { z } from 'zod'
import type { Endpoint } from '../../src/contract/endpoint.ts'
import { UNROUTED } from '../../src/contract/unrouted.ts'
import { contractEndpoints, existing, type FullWorld } from './everyRoute.ts'
import type { RawRequest } from './rawRequest.ts'

export type JsonSchema = {
  type?: string
  format?: string
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  required?: string[]
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  maxItems?: number
}

const ODD = [
  '',
  '\0',
  'a\0b',
  '\ud800',
  'a\udfff',
  '\u202e',
  '😀',
  'x'.repeat(70_000),
  '__proto__',
  'constructor',
  '%',
  "'; --",
]
const CENTURIES = { min: new Date('1960-01-01'), max: new Date('3010-01-01'), noInvalidDate: true }
const deep = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown
const ANYTHING = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 1e30, 2 ** 53, 0.5, [], {}, deep(500), ...ODD),
  fc.string({ unit: 'binary' }),
  fc.jsonValue({ maxDepth: 3 }),
)

export type Known = Readonly<Record<string, string>>

/** Values that mostly fit, so that they get past the first check: ids are those of the field's name, or another's. */
export function fitting(schema: JsonSchema, known: Known, name = ''): fc.Arbitrary<unknown> {
  const fits = (): fc.Arbitrary<unknown> => {
    if (schema.const !== undefined) return fc.constant(schema.const)
    if (schema.enum) return fc.constantFrom(...schema.enum)
    if (schema.format === 'uuid' || schema.format === 'guid') {
      const usual = { weight: 8, arbitrary: fc.constant(known[name] ?? known.other) }
      return fc.oneof(usual, { weight: 1, arbitrary: fc.constantFrom(...Object.values(known)) })
    }
    if (name.endsWith('_at')) return fc.date(CENTURIES).map((at) => at.toISOString())
    if (schema.type === 'integer') return fc.oneof(fc.nat(3), fc.integer(), fc.maxSafeInteger())
    if (schema.type === 'array') return fc.array(fitting(schema.items ?? {}, known), { maxLength: 1 })
    if (schema.properties) return anObject(schema, known)
    if (schema.type === 'object') return fc.dictionary(fc.string({ unit: 'binary' }), fc.string())
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,15}$/)
    const odd = fc.oneof(fc.constantFrom(...ODD), fc.string({ unit: 'binary' }))
    return fc.oneof({ weight: 4, arbitrary: word }, { weight: 1, arbitrary: odd })
  }
  return fc.oneof({ weight: 20, arbitrary: fits() }, { weight: 1, arbitrary: ANYTHING })
}

function anObject({ properties = {}, required = [] }: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  const model = Object.entries(properties).map(([name, inner]) => [name, fitting(inner, known, name)] as const)
  return fc.record(Object.fromEntries(model), { requiredKeys: [...required] })
}

export type Attack = Omit<RawRequest, 'headers'> & { headers: [string, string][]; as: 'owner' | 'member' | 'agent' }
type Aim = { endpoint: Endpoint; as: Attack['as']; world: FullWorld; known: Known; seed: number }

const SAMPLES = 10
/** Percent-encoded words of a path or a query. */
export const HOSTILE_TEXTS = [
  '%00',
  'a%00b',
  '%ff',
  '%',
  '%ed%a0%80',
  '..%2f..',
  'x'.repeat(4000),
  '%F0%9F%98%80',
  '__proto__',
  '0',
  '%25',
  '%0d%0aa:b',
]
const PRIVILEGES = { id: 'x', is_system: true, isSystem: true, owner_id: 'x', created_by: 'x', login_type: 'oidc' }
const JSON_TYPE: [string, string] = ['content-type', 'application/json']

export type Aimed = { endpoint: Endpoint; as: Attack['as'] }

export async function everyEndpoint(): Promise<Aimed[]> {
  const routed = (await contractEndpoints()).map((endpoint) => ({ endpoint, as: 'owner' as const }))
  const others = UNROUTED.map(({ endpoint, of }) => ({
    endpoint,
    as: of === 'agent' ? ('agent' as const) : ('owner' as const),
  }))
  return [...routed, ...others]
}

export function attacksOn(aim: Aim): Attack[] {
  return [...onBody(aim), ...onPath(aim), ...onQuery(aim), ...onHeaders(aim)]
}

/** Every second one by somebody who may do nothing of it. */
function byBoth({ as }: Aim, i: number): Attack['as'] {
  return as === 'owner' && i % 3 === 2 ? 'member' : as
}

function base({ endpoint: { method, path }, world, as }: Aim): Attack {
  return { method, path: existing({ method, path }, world), headers: [], as }
}

function onBody(aim: Aim): Attack[] {
  const { endpoint, known, seed } = aim
  if (endpoint.method === 'GET') return []
  const schema = (
    endpoint.body ? z.toJSONSchema(endpoint.body, { io: 'input', unrepresentable: 'any' }) : {}
  ) as JsonSchema
  const random = fc
    .sample(fitting(schema, known), { numRuns: SAMPLES, seed })
    .map((body) => JSON.stringify(patient(body)))
  const [plain = {}] = fc.sample(anObject(schema, known), { numRuns: 1, seed })
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => [
    ...edgesOf(inner).map((value) => JSON.stringify(patient({ ...(plain as object), [name]: value }))),
    JSON.stringify(patient({ ...(plain as object), [name]: undefined })),
  ])
  const more = JSON.stringify(patient({ ...(plain as object), ...PRIVILEGES }))
  const json = [...random, ...fields, more, ...WHOLE].map((body, i) => {
    return { ...base(aim), body: Buffer.from(body ?? ''), headers: [JSON_TYPE], as: byBoth(aim, i) }
  })
  const bytes = [Buffer.from([0xff, 0xfe, 0x7b]), Buffer.from('\ufeff{}'), Buffer.from('{"a":"\\ud800"}')]
  const typed = TYPES.flatMap((headers) => bytes.map((body) => ({ ...base(aim), body, headers })))
  return [...json, ...typed]
}

/** Nobody here has the time that `wait_ms` allows. */
export function patient(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'wait_ms' in body ? { ...body, wait_ms: 0 } : body
}

const WHOLE = [
  '',
  'null',
  '[]',
  '1',
  '"x"',
  '{',
  '{"name":"a","name":1}',
  '{"__proto__":{"roles":["owner"]},"constructor":{"prototype":{"roles":["owner"]}}}',
  '['.repeat(50_000) + ']'.repeat(50_000),
  `{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":{}`).join()}}`,
  JSON.stringify({ name: 'x'.repeat(1_100_000) }),
]
const TYPES: [string, string][][] = [
  [],
  [['content-type', 'text/plain']],
  [['content-type', 'application/x-tar']],
  [['content-type', 'application/json; charset=utf-16']],
  [['content-type', 'application/json; charset=no-such']],
  [JSON_TYPE, ['content-type', 'text/plain']],
  [JSON_TYPE, ['content-encoding', 'gzip']],
  [JSON_TYPE, ['content-encoding', 'no-such']],
]

function edgesOf({
  type,
  maxLength,
  minLength,
  minimum,
  maximum,
  maxItems,
  items,
  enum: words,
}: JsonSchema): unknown[] {
  const wrong = [
    null,
    true,
    -1,
    1e308,
    0.5,
    '',
    'a\0b',
    '\ud800',
    '\u202e',
    [],
    {},
    [[]],
    deep(300),
    { __proto__: null, x: 1 },
  ]
  const text = [maxLength ?? 1000, (maxLength ?? 70_000) + 1, Math.max(0, (minLength ?? 1) - 1)].map((n) =>
    'x'.repeat(n),
  )
  const numbers = [(minimum ?? 0) - 1, minimum ?? 0, maximum ?? 2 ** 31, (maximum ?? 2 ** 53) + 1]
  const first = items?.enum?.[0] ?? (items?.type === 'string' ? 'x' : {})
  const list = [maxItems ?? 100, (maxItems ?? 10_000) + 1].map((n) => Array.from({ length: n }, () => first))
  if (type === 'string') return [...wrong, ...text, ...(words ? ['X'] : [])]
  if (type === 'integer' || type === 'number') return [...wrong, ...numbers]
  return type === 'array' ? [...wrong, ...list] : [...wrong, Object.fromEntries(ODD.map((odd) => [odd, odd]))]
}

function onPath(aim: Aim): Attack[] {
  const { endpoint, world } = aim
  const { method, path, params } = endpoint
  const names = Object.keys(params?.shape ?? {})
  const body = { body: Buffer.from('{}'), headers: [JSON_TYPE] }
  return names.flatMap((name) =>
    HOSTILE_TEXTS.map((text, i) => {
      const place = existing({ method, path: path.replace(`:${name}`, text) }, world)
      return { method, path: place, ...(method === 'GET' ? { headers: [] } : body), as: byBoth(aim, i) }
    }),
  )
}

function onQuery(aim: Aim): Attack[] {
  const plain = base(aim)
  const names = [...Object.keys(aim.endpoint.query?.shape ?? {}), 'coder_session_token']
  return names.flatMap((name) =>
    [
      ...HOSTILE_TEXTS,
      '9007199254740993',
      '-1',
      `1&${name}=2`,
      `1&${name}[a]=2`,
      '"'.repeat(900),
      'a:'.repeat(400),
    ].map((text) => ({
      ...plain,
      path: `${plain.path}?${name}=${text}`,
      ...(plain.method === 'GET' ? {} : { body: Buffer.from('{'), headers: [JSON_TYPE] }),
    })),
  )
}

function onHeaders(aim: Aim): Attack[] {
  const plain = base(aim)
  const body = plain.method === 'GET' ? {} : { body: Buffer.from('[') }
  const sets: [string, string][][] = [
    [['coder-session-token', 'x']],
    [
      ['authorization', 'Bearer x'],
      ['authorization', 'Bearer y'],
    ],
    [
      ['cookie', 'coder_session_token=a'],
      ['cookie', 'coder_session_token=b'],
    ],
    [['cookie', `${'a=b; '.repeat(500)}coder_session_token==;;`]],
    [
      ['x-request-id', 'x'],
      ['x-request-id', 'y'.repeat(300)],
    ],
    [
      ['idempotency-key', 'k'.repeat(300)],
      ['idempotency-key', ''],
    ],
    [
      ['user-agent', '\xff'.repeat(600)],
      ['x-forwarded-for', '1.2.3.4, \xff'],
    ],
    [
      ['if-none-match', '"'.repeat(3000)],
      ['last-event-id', '-1'],
    ],
    [
      ['sec-fetch-site', 'cross-site'],
      ['origin', 'null'],
      ['referer', 'x'],
    ],
    [
      ['expect', '200-ok'],
      ['range', 'bytes=0-,0-'],
    ],
    [
      ['accept-encoding', '*;q=0'],
      ['accept', '\xff'],
      ['te', 'x'],
    ],
  ]
  return sets.map((headers) => ({
    ...plain,
    ...body,
    headers: plain.method === 'GET' ? headers : [JSON_TYPE, ...headers],
  }))
}
