// What a provider says about somebody: which of its words count, and which are kept.
import type { OidcProvider } from './settings.ts'

export type Claims = Readonly<Record<string, unknown>>

/** As stored in `user_links.claims`. The access token's claims count as user info when they are the second source. */
export type LinkClaims = {
  id_token_claims: Claims
  user_info_claims: Claims | null
  merged_claims: Claims
}

/** Of stored claims, each set: people are described by a few; a directory's whole groups fit as well. */
const MAX_CLAIMS = 200
const MAX_CLAIMS_BYTES = 64 * 1024
/** Of one claim that lists groups or roles. */
const MAX_VALUES = 1_000
const MAX_VALUE_LENGTH = 500

type Sources = { idToken: Claims; second: Claims | null }

/** User info is newer than the id token and wins; an access token says more, but not about the person, and loses. */
export function mergeClaims({ idToken, second }: Sources, source: OidcProvider['claims_source']): LinkClaims {
  const merged =
    source === 'user_info' ? { ...idToken, ...second } : source === 'access_token' ? { ...second, ...idToken } : idToken
  return { id_token_claims: idToken, user_info_claims: source === 'none' ? null : second, merged_claims: merged }
}

/** Whole claims that PostgreSQL can store, as many as fit. */
export function keptClaims(claims: Claims): Claims {
  let bytes = 2
  const kept: [string, unknown][] = []
  for (const [name, value] of Object.entries(claims)) {
    const text = JSON.stringify([name, value])
    const size = Buffer.byteLength(text)
    if (kept.length >= MAX_CLAIMS || bytes + size > MAX_CLAIMS_BYTES || !isStorable(text)) continue
    kept.push([name, value])
    bytes += size
  }
  return Object.fromEntries(kept)
}

/** JSON.stringify writes the NUL character and halves of surrogate pairs as escapes. */
function isStorable(text: string): boolean {
  return !/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/i.test(text)
}

export function textClaim(claims: Claims, name: string): string | undefined {
  const value = claims[name]
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

/** Of a claim that is a list or one text; nothing else counts. */
export function listClaim(claims: Claims, name: string): string[] {
  const value = claims[name]
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values
    .filter((text): text is string => typeof text === 'string' && text !== '' && text.length <= MAX_VALUE_LENGTH)
    .filter((text) => isPlain(text))
    .slice(0, MAX_VALUES)
}

/** Nothing that only changes how a text looks, or that PostgreSQL cannot store: controls, halves of pairs. */
export function isPlain(text: string): boolean {
  return !/\p{C}/u.test(text)
}

export type Email = { address: string; verified: boolean }

/** One @, something on both sides, no spaces and nothing that ends a line: what mail servers check further. */
const ADDRESS = /^[^\s@<>"\\]{1,64}@[^\s@<>"\\]{1,190}$/

/**
 * `email_verified` speaks of the claim `email` of its own source (OpenID Connect Core 5.1), never of another claim.
 * Undefined: there is no address.
 */
export function emailClaim(
  { id_token_claims: idToken, user_info_claims: second, merged_claims: merged }: LinkClaims,
  { email_claim: name, trust_email: trusted }: Pick<OidcProvider, 'email_claim' | 'trust_email'>,
): Email | undefined {
  const text = textClaim(merged, name)
  const address = text?.toLowerCase()
  if (address === undefined || !ADDRESS.test(address) || !isPlain(address)) return undefined
  if (name !== 'email') return { address, verified: trusted }
  const said = [idToken, second ?? {}]
    .filter((source) => textClaim(source, 'email') === text)
    .map((source) => source.email_verified)
    .filter((verified) => verified !== undefined)
  if (said.length === 0) return { address, verified: trusted }
  // Some providers send it as text.
  return { address, verified: said.every((verified) => verified === true || verified === 'true') }
}
