// Who asks, and the roles that he really holds: a name that no role has grants nothing.
import {
  type CustomRole,
  MEMBER,
  ORGANIZATION_MEMBER,
  ORGANIZATION_ROLES,
  OWNER,
  OWNER_OUTSIDE,
  type Role,
  SITE_ROLES,
} from './roles.ts'

export type Membership = { organizationId: string; roles: readonly string[] }

export type Subject = {
  id: string
  /** `member` may be left out. */
  siteRoles: readonly string[]
  /** `organization-member` may be left out; a role may carry `:<organization id>` behind its name. */
  memberships: readonly Membership[]
  /** Ids. The group of everyone in an organization has the organization's id, and need not be named. */
  groups: readonly string[]
  /** Of the token; none: it may nothing. */
  scopes: readonly string[]
  /** Of the token: `<type>:<id>` entries; absent: every object. */
  allowList?: readonly string[]
  /** Where the names of his roles that are not built in are looked up. */
  customRoles?: readonly CustomRole[]
  /** Owner of the prebuilt workspaces. Nobody signs in as it. */
  isSystem?: boolean
  /** A setting of the deployment; absent: owners may enter other people's workspaces. */
  ownersEnter?: 'own workspaces' | 'all workspaces'
}

/** Those whose permissions for the whole deployment count. */
export function siteRolesOf(subject: Subject): readonly Role[] {
  return [MEMBER, ...subject.siteRoles.flatMap((name) => findSiteRole(subject, name))]
}

/** Undefined: not a member, so that no role held elsewhere counts here. */
export function organizationRolesOf(subject: Subject, organizationId: string): readonly Role[] | undefined {
  const memberships = subject.memberships.filter((one) => one.organizationId === organizationId)
  if (memberships.length === 0) return undefined
  return [ORGANIZATION_MEMBER, ...memberships.flatMap((one) => rolesIn(subject, one))]
}

/** Built-in roles of organizations need a little of the whole deployment; custom ones, their admins' work, get none. */
export function organizationRolesWithSite(subject: Subject): readonly Role[] {
  return subject.memberships.flatMap((one) => rolesIn({ ...subject, customRoles: [] }, one))
}

function findSiteRole({ customRoles = [], ownersEnter }: Subject, name: string): readonly Role[] {
  const builtIn = SITE_ROLES.find((role) => role.name === name)
  if (builtIn === OWNER && ownersEnter === 'own workspaces') return [OWNER_OUTSIDE]
  if (builtIn !== undefined) return [builtIn]
  return customRoles.filter((role) => role.name === name && role.organizationId === undefined)
}

function rolesIn({ customRoles = [] }: Subject, { organizationId, roles }: Membership): readonly Role[] {
  return roles.flatMap((text) => {
    const suffix = `:${organizationId}`
    const name = text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
    const builtIn = ORGANIZATION_ROLES.find((role) => role.name === name)
    if (builtIn !== undefined) return [builtIn]
    return customRoles.filter((role) => role.name === name && role.organizationId === organizationId)
  })
}
