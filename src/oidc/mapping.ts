// Which groups and roles the claims of somebody give.
import { type Claims, listClaim } from './claims.ts'
import type { OidcProvider } from './settings.ts'

export type WantedGroup = { name: string; create: boolean }

/** Undefined: groups are not this provider's matter. A claim that is missing means none. */
export function wantedGroups(
  claims: Claims,
  { groups_claim: claim, group_mapping: mapping }: Pick<OidcProvider, 'groups_claim' | 'group_mapping'>,
): WantedGroup[] | undefined {
  if (claim === undefined) return undefined
  const wanted = new Map<string, WantedGroup>()
  for (const value of listClaim(claims, claim)) {
    const mapped = Object.hasOwn(mapping, value) ? mapping[value] : undefined
    const { group, create } = typeof mapped === 'object' ? mapped : { group: mapped ?? value, create: false }
    const key = group.toLowerCase()
    wanted.set(key, { name: group, create: create || wanted.get(key)?.create === true })
  }
  return [...wanted.values()]
}

/** Roles that the mapping names are given and taken by it; all others stay as administrators have set them. */
export function wantedRoles(
  claims: Claims,
  { roles_claim: claim, role_mapping: mapping }: Pick<OidcProvider, 'roles_claim' | 'role_mapping'>,
  current: readonly string[],
): string[] {
  if (claim === undefined) return [...current]
  const managed = new Set(Object.values(mapping).flat())
  const given = listClaim(claims, claim).flatMap((value) => (Object.hasOwn(mapping, value) ? mapping[value] : []) ?? [])
  return [...new Set([...current.filter((role) => !managed.has(role)), ...given])].toSorted()
}
