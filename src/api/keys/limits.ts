// How much a new token may do, and for how long.
import { DEFAULT_TOKEN_SECONDS, MAX_TOKEN_SECONDS, MIN_TOKEN_SECONDS } from '../../contract/keys.ts'
import { Refusal } from '../../domain/errors.ts'
import { isEntryWithin, isScopeWithin } from '../../domain/rbac/narrower.ts'
import { parseAllowListEntry, parseScope, SCOPE_ALL } from '../../domain/rbac/scopes.ts'
import { forbidden } from '../../domain/refusals.ts'
import type { Actor } from '../access.ts'

type Asked = { scope?: string | undefined; scopes?: string[] | undefined; allow_list?: string[] | undefined }
type Limits = { scopes: readonly string[]; allowList: readonly string[] }

/** Throws 400 for what means nothing, 403 for what is more than the token that asks may do itself. */
export function readLimits(asked: Asked, { subject }: Actor): Limits {
  const wanted = [...(asked.scopes ?? []), ...(asked.scope ? [asked.scope] : [])]
  // Who asks for nothing special gets what he has himself.
  const scopes = wanted.length === 0 ? subject.scopes : [...new Set(wanted.map(readScope))]
  const own = subject.allowList ?? ['*:*']
  const allowList = asked.allow_list?.length ? [...new Set(asked.allow_list.map(readEntry))] : own
  const wide =
    scopes.find((scope) => !isScopeWithin(scope, subject)) ?? allowList.find((entry) => !isEntryWithin(entry, subject))
  if (wide !== undefined) throw forbidden(`"${wide}" is more than the token of this request may do itself.`)
  return { scopes: scopes.length === 0 ? [SCOPE_ALL] : scopes, allowList }
}

function readScope(text: string): string {
  const check = parseScope(text)
  if (!check.valid) throw invalid('scopes', check.message)
  return check.scope
}

function readEntry(text: string): string {
  const check = parseAllowListEntry(text)
  if (!check.valid) throw invalid('allow_list', check.message)
  return text
}

export function readLifetime(asked: { lifetime?: number | undefined; lifetime_seconds?: number | undefined }): number {
  const seconds = Math.ceil(asked.lifetime_seconds ?? (asked.lifetime ?? 0) / 1e9)
  if (seconds === 0) return DEFAULT_TOKEN_SECONDS
  if (seconds >= MIN_TOKEN_SECONDS && seconds <= MAX_TOKEN_SECONDS) return seconds
  const field = asked.lifetime_seconds === undefined ? 'lifetime' : 'lifetime_seconds'
  throw invalid(field, `A token lasts from ${MIN_TOKEN_SECONDS} s to ${MAX_TOKEN_SECONDS} s (366 days).`)
}

function invalid(field: string, detail: string): Refusal {
  return new Refusal('invalid', 'Validation failed.', { validations: [{ field, detail }] })
}
