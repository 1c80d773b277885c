// Who may give which roles to others, and take them away.
import { may } from './may.ts'
import { type CustomRole, MEMBER, ORGANIZATION_MEMBER, ORGANIZATION_ROLES, type Role, SITE_ROLES } from './roles.ts'
import { organizationRolesOf, type Subject, siteRolesOf } from './subject.ts'

export type AssignableRole = {
  name: string
  displayName: string
  organizationId?: string
  builtIn: boolean
  /** By the one who asks. */
  assignable: boolean
}

/** By role held: the names it may assign; `*` is every role of its reach, custom ones too. */
const ASSIGNS: Readonly<Record<'site' | 'organization', ReadonlyMap<string, readonly string[]>>> = {
  /** Reach: the deployment and every organization. */
  site: new Map([
    ['owner', ['*']],
    ['user-admin', ['member', 'organization-member']],
  ]),
  /** Reach: the organization where the role is held. */
  organization: new Map([
    ['organization-admin', ['*']],
    ['organization-user-admin', ['organization-member']],
  ]),
}

export type RoleChange = {
  action: 'assign' | 'unassign'
  name: string
  /** Absent: a role for the whole deployment. */
  organizationId?: string
  /** Those that exist, held or not. */
  customRoles?: readonly CustomRole[]
}

export function mayChangeRole(subject: Subject, change: RoleChange): boolean {
  const { action, name, organizationId } = change
  const known = rolesOf(change).some((role) => role.name === name)
  const type = organizationId === undefined ? 'assign_role' : 'assign_org_role'
  const allowed = may(subject, action, organizationId === undefined ? { type } : { type, organizationId })
  return known && allowed && namesAssigned(subject, organizationId).some((one) => one === '*' || one === name)
}

/** `member` is implied, so nobody is asked to give it. */
export function listSiteRoles(subject: Subject, customRoles: readonly CustomRole[] = []): readonly AssignableRole[] {
  return list(subject, { customRoles })
}

export function listOrganizationRoles(
  subject: Subject,
  { organizationId, customRoles = [] }: { organizationId: string; customRoles?: readonly CustomRole[] },
): readonly AssignableRole[] {
  return list(subject, { organizationId, customRoles })
}

function list(subject: Subject, where: Pick<RoleChange, 'organizationId' | 'customRoles'>): readonly AssignableRole[] {
  const { organizationId } = where
  return rolesOf(where)
    .filter((role) => role !== MEMBER && role !== ORGANIZATION_MEMBER)
    .map((role) => ({
      name: role.name,
      displayName: role.displayName,
      ...(organizationId === undefined ? {} : { organizationId }),
      builtIn: builtInRoles(organizationId).includes(role),
      assignable: mayChangeRole(subject, { action: 'assign', name: role.name, ...where }),
    }))
}

function rolesOf({ organizationId, customRoles = [] }: Pick<RoleChange, 'organizationId' | 'customRoles'>): Role[] {
  const builtIn = builtInRoles(organizationId)
  const custom = customRoles.filter(
    (role) => role.organizationId === organizationId && !builtIn.some(({ name }) => name === role.name),
  )
  return [...builtIn, ...custom]
}

function builtInRoles(organizationId: string | undefined): readonly Role[] {
  return organizationId === undefined ? SITE_ROLES : ORGANIZATION_ROLES
}

function namesAssigned(subject: Subject, organizationId: string | undefined): readonly string[] {
  const here = organizationId === undefined ? [] : (organizationRolesOf(subject, organizationId) ?? [])
  return [
    ...siteRolesOf(subject).flatMap(({ name }) => ASSIGNS.site.get(name) ?? []),
    ...here.flatMap(({ name }) => ASSIGNS.organization.get(name) ?? []),
  ]
}
