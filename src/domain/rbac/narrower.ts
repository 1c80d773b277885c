// A token makes no token that may do more than itself: else a narrow one would be as good as a wide one.
import type { Subject } from './subject.ts'
import { actionsOf, isResourceType, RESOURCE_TYPES } from './resources.ts'
import { findScope, isInAllowList } from './scopes.ts'

type Token = Pick<Subject, 'scopes' | 'allowList'>

/** True when every action that `scope` allows is allowed by one of the token's own. */
export function isScopeWithin(scope: string, { scopes }: Token): boolean {
  return RESOURCE_TYPES.every((type) =>
    actionsOf(type).every(
      (action) =>
        findScope([scope], { type, action }) === undefined || findScope(scopes, { type, action }) !== undefined,
    ),
  )
}

export function isEntryWithin(entry: string, { allowList }: Token): boolean {
  if (allowList === undefined || allowList.includes('*:*')) return true
  const colon = entry.indexOf(':')
  const [type, id] = [entry.slice(0, colon), entry.slice(colon + 1)]
  return isResourceType(type) && isInAllowList(allowList, id === '*' ? { type } : { type, id })
}
