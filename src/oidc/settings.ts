// The identity providers that people sign in with, as DAYBREAK_OIDC or the file of DAYBREAK_OIDC_FILE describes them.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { Refusal } from '../domain/errors.ts'
import { SITE_ROLES } from '../domain/rbac/roles.ts'

/** Each is a button on one page. */
const MAX_PROVIDERS = 20
const MAX_MAPPINGS = 500
/** Everybody has `member`, said or not. */
const ASSIGNABLE = SITE_ROLES.map(({ name }) => name).filter((name) => name !== 'member')

const Text = z.string().trim().min(1).max(2_000)
const Claim = Text.max(200)
const Roles = z
  .union([z.string(), z.array(z.string())])
  .transform((roles) => (typeof roles === 'string' ? [roles] : roles))
  .refine((roles) => roles.every((name) => ASSIGNABLE.includes(name)), {
    error: `expected one or a list of ${ASSIGNABLE.join(', ')}`,
  })
const GroupName = z.string().trim().min(1).max(64)

function isAllowedIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, search, hash, username } = new URL(text)
  // `|` separates issuer and subject in `user_links.linked_id`.
  if (search !== '' || hash !== '' || username !== '' || text.includes('|')) return false
  return protocol === 'https:' || isLoopback(text)
}

const Provider = z.strictObject({
  /** Part of addresses: `/api/v2/users/oidc/<id>/callback`. */
  id: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'use small letters and digits, with single dashes between them')
    .max(32),
  name: Text.max(100),
  icon_url: z
    .url({ protocol: /^https$/ })
    .max(2_000)
    .optional(),
  issuer: z.string().refine(isAllowedIssuer, {
    error: 'expected https://… without query; http only for 127.0.0.1, [::1] and localhost',
  }),
  client_id: Text,
  client_secret: Text,
  scopes: z
    .array(Text.regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'one scope each'))
    .max(50)
    .default(['openid', 'profile', 'email']),
  username_claim: Claim.default('preferred_username'),
  email_claim: Claim.default('email'),
  groups_claim: Claim.optional(),
  group_mapping: z
    .record(
      z.string(),
      z.union([GroupName, z.strictObject({ group: GroupName, create: z.boolean().default(false) })], {
        error: 'expected the name of a group, or {group, create}',
      }),
    )
    .default({}),
  roles_claim: Claim.optional(),
  role_mapping: z.record(z.string(), Roles).default({}),
  allow_signups: z.boolean(),
  claims_source: z.enum(['user_info', 'access_token', 'none']),
  email_domains: z
    .array(
      z
        .string()
        .regex(/^[^@\s]+$/, 'expected a domain like example.com')
        .toLowerCase(),
    )
    .max(200)
    .optional(),
  /** For providers that check addresses but never send `email_verified`. */
  trust_email: z.boolean().default(false),
})

const Providers = z
  .array(Provider)
  .max(MAX_PROVIDERS)
  .superRefine((providers, { addIssue }) => {
    for (const [i, provider] of providers.entries()) {
      const problem = (field: string, message: string) => addIssue({ code: 'custom', path: [i, field], message })
      if (providers.findIndex(({ id }) => id === provider.id) < i) problem('id', 'another provider has it already')
      if (!provider.scopes.includes('openid')) problem('scopes', 'must include openid')
      for (const field of ['group', 'role'] as const) {
        const size = Object.keys(provider[`${field}_mapping`]).length
        if (size > MAX_MAPPINGS) problem(`${field}_mapping`, `at most ${MAX_MAPPINGS} entries`)
        if (size > 0 && provider[`${field}s_claim`] === undefined) problem(`${field}s_claim`, 'is missing')
      }
    }
  })

export type OidcProvider = Readonly<z.output<typeof Provider>>

type Source = { text: string | undefined; file: string | undefined }

/** Throws a `Refusal` that names every wrong setting, and never its value: secrets are among them. */
export function readOidcSettings({ text, file }: Source): readonly OidcProvider[] {
  if (text !== undefined && file !== undefined) throw wrong('set DAYBREAK_OIDC or DAYBREAK_OIDC_FILE, not both')
  const name = file === undefined ? 'DAYBREAK_OIDC' : 'DAYBREAK_OIDC_FILE'
  const given = file === undefined ? text : readText(file)
  if (given === undefined || given.trim() === '') return []
  const parsed = Providers.safeParse(parseJson(given, name))
  if (parsed.success) return Object.freeze(parsed.data)
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
  throw wrong(`${name}: ${problems.join('; ')}`)
}

export function isLoopback(url: string): boolean {
  return ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(url).hostname)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw wrong(`DAYBREAK_OIDC_FILE: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong(`${name}: this is no JSON; it is a list of providers: [{"id": …}]`)
  }
}

function wrong(problem: string): Refusal {
  return new Refusal('invalid', `Settings are wrong: ${problem}.`, { detail: 'docs/oidc.md has an example.' })
}
