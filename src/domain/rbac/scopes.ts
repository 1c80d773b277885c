// What a token may be used for. A scope only narrows: the roles of the token's user must allow as well.
import { type Grants, includes, isActionOf, isResourceType, RESOURCES, type ResourceType } from './resources.ts'

export const SCOPE_ALL = 'coder:all'

/**
 * Names and contents as clients of the wire format know them: https://coder.com/docs/reference/api-key-scopes.
 * Narrower than the newest of those tables: only what creates a workspace reads templates.
 */
const NAMED_SCOPES: ReadonlyMap<string, Grants> = new Map<string, Grants>([
  ['coder:application_connect', { workspace: ['application_connect'] }],
  [
    'coder:workspaces.create',
    {
      template: ['read', 'use'],
      workspace: ['create', 'read', 'update', 'start', 'stop'],
      organization_member: ['read'],
    },
  ],
  ['coder:workspaces.operate', { workspace: ['read', 'update', 'start', 'stop'], organization_member: ['read'] }],
  ['coder:workspaces.delete', { workspace: ['read', 'delete'], organization_member: ['read'] }],
  ['coder:workspaces.access', { workspace: ['read', 'ssh', 'application_connect'], organization_member: ['read'] }],
  ['coder:templates.build', { template: ['read'], file: ['create', 'read'], provisioner_jobs: ['read'] }],
  [
    'coder:templates.author',
    { template: ['create', 'read', 'update', 'delete', 'view_insights'], file: ['create', 'read'] },
  ],
  ['coder:apikeys.manage_self', { api_key: RESOURCES.api_key }],
])

/** Older clients leave out the prefix. */
const OLD_NAMES: ReadonlyMap<string, string> = new Map([
  ['all', SCOPE_ALL],
  ['application_connect', 'coder:application_connect'],
])

export type ScopeCheck = { valid: true; scope: string } | { valid: false; message: string }

/** The name under which a scope is stored. An unknown one is refused: its token would do nothing, and not say why. */
export function parseScope(text: string): ScopeCheck {
  const scope = OLD_NAMES.get(text) ?? text
  if (scope === SCOPE_ALL || NAMED_SCOPES.has(scope)) return { valid: true, scope }
  const [type = '', action = ''] = splitOnce(scope)
  if (isResourceType(type) && (action === '*' || isActionOf(type, action))) return { valid: true, scope }
  return { valid: false, message: `Scope "${text}" is unknown; use one like "workspace:read", or "${SCOPE_ALL}".` }
}

/** The first of a token's scopes that covers the action; undefined: none does. */
export function findScope(
  scopes: readonly string[],
  { type, action }: { type: ResourceType; action: string },
): string | undefined {
  return scopes.find((scope) => {
    if (scope === SCOPE_ALL) return true
    const named = NAMED_SCOPES.get(scope)
    return named === undefined ? scope === `${type}:*` || scope === `${type}:${action}` : includes(named[type], action)
  })
}

export type AllowListCheck = { valid: true } | { valid: false; message: string }

/** An entry of a token's allow-list is `<type>:<id>`; `*` stands for every type, or every id. */
export function parseAllowListEntry(text: string): AllowListCheck {
  const [type = '', id = ''] = splitOnce(text)
  if ((type === '*' && id === '*') || (isResourceType(type) && id !== '')) return { valid: true }
  return { valid: false, message: `"${text}" names no object; use one like "workspace:<id>", "workspace:*" or "*:*".` }
}

/** What has no id yet is only in the list with all of its type: a list of ids is no leave to create more. */
export function isInAllowList(list: readonly string[], { type, id }: { type: ResourceType; id?: string }): boolean {
  return list.some(
    (entry) => entry === '*:*' || entry === `${type}:*` || (id !== undefined && entry === `${type}:${id}`),
  )
}

function splitOnce(text: string): string[] {
  const colon = text.indexOf(':')
  return colon === -1 ? [text] : [text.slice(0, colon), text.slice(colon + 1)]
}
