// The little language of `GET /users?q=`: `status:active role:owner created_after:2026-01-01 include_system:true ana`.
import { z } from 'zod'
import { Refusal } from '../../domain/errors.ts'

export type UserQuery = {
  search: string | null
  statuses: string[] | null
  role: string | null
  loginTypes: string[] | null
  seenBefore: Date | null
  seenAfter: Date | null
  createdBefore: Date | null
  createdAfter: Date | null
  includeSystem: boolean
}

const Time = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: 'expected a time like 2026-01-31T12:00:00Z' })
  .transform((text) => new Date(text))

/** Several values are separated by commas. */
function oneOf(...words: readonly [string, ...string[]]) {
  return z
    .string()
    .toLowerCase()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(words, { error: `use ${words.join(', ')}` })))
}

const WORDS: ReadonlyMap<string, { field: keyof UserQuery; shape: z.ZodType }> = new Map([
  ['status', { field: 'statuses', shape: oneOf('active', 'dormant', 'suspended') }],
  ['role', { field: 'role', shape: z.string().toLowerCase() }],
  ['login_type', { field: 'loginTypes', shape: oneOf('none', 'password', 'oidc', 'token') }],
  ['last_seen_before', { field: 'seenBefore', shape: Time }],
  ['last_seen_after', { field: 'seenAfter', shape: Time }],
  ['created_before', { field: 'createdBefore', shape: Time }],
  ['created_after', { field: 'createdAfter', shape: Time }],
  ['include_system', { field: 'includeSystem', shape: z.stringbool({ error: 'use true or false' }) }],
])
const TOKEN = /(?:([a-z_-]+):)?(?:"([^"]*)"|(\S+))/gi

export function parseUserQuery(text: string): UserQuery {
  const query: UserQuery = {
    search: null,
    statuses: null,
    role: null,
    loginTypes: null,
    seenBefore: null,
    seenAfter: null,
    createdBefore: null,
    createdAfter: null,
    includeSystem: false,
  }
  const free: string[] = []
  for (const [, key, quoted, plain] of text.matchAll(TOKEN)) {
    const value = quoted ?? plain ?? ''
    if (key === undefined) free.push(value)
    else Object.assign(query, readWord(key.toLowerCase(), value))
  }
  return { ...query, search: free.length === 0 ? null : free.join(' ') }
}

function readWord(key: string, value: string): Partial<UserQuery> {
  const word = WORDS.get(key)
  if (!word) throw invalid(`"${key}" is not a word of this search: use ${[...WORDS.keys()].join(', ')}.`)
  const parsed = word.shape.safeParse(value)
  if (!parsed.success) throw invalid(`${key}: ${parsed.error.issues[0]?.message ?? 'this value is wrong'}.`)
  return { [word.field]: parsed.data }
}

function invalid(detail: string): Refusal {
  return new Refusal('invalid', 'Invalid user search query.', { validations: [{ field: 'q', detail }] })
}
