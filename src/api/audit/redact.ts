// What of an object may be kept for ever: no secrets, and no more than a person would read.
import type { Json } from '../../../sql/values.ts'
import { storable } from '../text.ts'

export const REDACTED = '[redacted]'

/** A description fits; a file does not. */
const MAX_TEXT = 1000
/** Secrets are looked for in what is shown and a little beyond: a search through megabytes would hold up the server. */
const MAX_SEARCHED = 8 * 1024
const MAX_ITEMS = 100
const MAX_DEPTH = 6
/** Of one side as JSON: a row stays within a few pages. */
export const MAX_SIDE = 16 * 1024
const MAX_NAME = 100

/** Whatever is under such a name is hidden, unless `HARMLESS` or a mere yes or no. */
const SECRET_NAME = new RegExp(
  [
    'passw|passphrase|passcode|secret|token|credential|cookie|hash|authorization|bearer|sealed|private|signature',
    '(^|_)keys?($|_)|apikey',
  ].join('|'),
)
/** Names that the pattern catches, and that are worth reading. */
const HARMLESS = new Set(['preset_key', 'token_name', 'key_id', 'api_key_id', 'key_name', 'public_key'])

/** By the type of what was changed: fields whose names do not say that they may hold secrets. */
const SECRET_FIELDS: Readonly<Record<string, readonly string[]>> = {
  // People type passwords into parameters, and templates need not say which they are.
  workspace: ['parameters', 'rich_parameter_values'],
  workspace_build: ['parameters', 'rich_parameter_values'],
  template_version: ['user_variable_values', 'variables'],
  file: ['data'],
  // What a provider says of a person: not ours to keep.
  user_link: ['claims', 'id_token_claims', 'user_info_claims', 'merged_claims'],
  user_secret: ['value', 'env_value', 'file_content'],
  webpush_subscription: ['endpoint', 'endpoint_p256dh_key', 'endpoint_auth_key', 'auth'],
}

/** Secrets that stand in a text under a harmless name. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/\b[A-Za-z0-9]{10}-[A-Za-z0-9]{22}\b/g, REDACTED], // our own tokens
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, REDACTED], // JSON Web Tokens
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@]{0,500}:[^\s/@]{0,500}@/gi, `$1${REDACTED}@`], // a password in an address
  [/\b(bearer|basic) [\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`],
]

export function isSecret(targetType: string, name: string): boolean {
  const words = snakeCase(name)
  if (SECRET_FIELDS[targetType]?.includes(words)) return true
  return SECRET_NAME.test(words) && !HARMLESS.has(words)
}

/** The fields of one side, none of them secret, and all together no larger than the bound. */
export function redact(targetType: string, values: Readonly<Record<string, Json>>): Record<string, Json> {
  const kept = clean(values, { targetType, depth: 0 }) as Record<string, Json>
  return fit(kept)
}

type Place = { targetType: string; depth: number }

function clean(value: Json, place: Place): Json {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value !== 'object' || value === null) return value
  if (place.depth > MAX_DEPTH) return '[cut: nested too deeply]'
  const inner = { ...place, depth: place.depth + 1 }
  const rest = (all: number): string => `[cut: ${all - MAX_ITEMS} more]`
  if (isList(value)) {
    const items = value.slice(0, MAX_ITEMS).map((one) => clean(one, inner))
    return value.length > MAX_ITEMS ? [...items, rest(value.length)] : items
  }
  const entries = Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined)
  const shown = entries.slice(0, MAX_ITEMS).map(([name, one]): [string, Json] => {
    const hidden = isSecret(place.targetType, name) && one !== null && typeof one !== 'boolean'
    return [storable(name).slice(0, MAX_NAME), hidden ? REDACTED : clean(one, inner)]
  })
  return Object.fromEntries(entries.length > MAX_ITEMS ? [...shown, ['…', rest(entries.length)]] : shown)
}

function cleanText(text: string): string {
  // Before it is cut: half a secret is still one.
  const start = text.slice(0, MAX_SEARCHED)
  const shown = SECRET_TEXTS.reduce((left, [secret, instead]) => left.replace(secret, instead), start)
  return storable(
    shown.length > MAX_TEXT || start !== text ? `${shown.slice(0, MAX_TEXT)}… [cut: ${text.length} characters]` : shown,
  )
}

/** The largest fields give way first. */
function fit(values: Record<string, Json>): Record<string, Json> {
  const sizes = Object.entries(values)
    .map(([name, value]) => ({ name, size: JSON.stringify(value).length }))
    .toSorted((a, b) => b.size - a.size)
  let total = JSON.stringify(values).length
  const kept = { ...values }
  for (const { name, size } of sizes) {
    if (total <= MAX_SIDE) break
    const said = `[cut: ${size} characters]`
    kept[name] = said
    total -= size - said.length - 2
  }
  return kept
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

/** `userPassword`, `API-Key` and `client_secret` alike. */
function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
}
