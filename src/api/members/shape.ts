import type { AddMemberRow, ListMembersRow } from '../../../sql/organizations.sql.ts'
import type { OrganizationMember, OrganizationMemberWithUserData } from '../../contract/organizations.ts'
import { Refusal } from '../../domain/errors.ts'
import { type CustomRole, ORGANIZATION_MEMBER, ORGANIZATION_ROLES, SITE_ROLES } from '../../domain/rbac/roles.ts'
import { iso } from '../wire/time.ts'

export function memberShape(row: AddMemberRow, customRoles: readonly CustomRole[]): OrganizationMember {
  return {
    user_id: row.userId,
    organization_id: row.organizationId,
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
    roles: row.roles.map((text) => {
      const name = plainRole(text, row.organizationId)
      const role = [...ORGANIZATION_ROLES, ...customRoles].find((one) => one.name === name)
      return { name, display_name: role?.displayName ?? '', organization_id: row.organizationId }
    }),
  }
}

export function memberWithUserShape(
  row: ListMembersRow,
  customRoles: readonly CustomRole[],
): OrganizationMemberWithUserData {
  return {
    ...memberShape(row, customRoles),
    username: row.username,
    name: row.name,
    avatar_url: '',
    email: row.email,
    global_roles: row.siteRoles.map((name) => ({
      name,
      display_name: SITE_ROLES.find((role) => role.name === name)?.displayName ?? '',
    })),
  }
}

/** A role of an organization may carry its id: `name:<id>`. */
export function plainRole(text: string, organizationId: string): string {
  const suffix = `:${organizationId}`
  return text.toLowerCase().endsWith(suffix) ? text.slice(0, -suffix.length) : text
}

/** Throws 400 for what is no role there. The role that every member has is left out. */
export function readRoles(
  texts: readonly string[],
  { organizationId, customRoles }: { organizationId: string; customRoles: readonly CustomRole[] },
): string[] {
  const names = new Set(texts.map((text) => plainRole(text, organizationId)))
  names.delete(ORGANIZATION_MEMBER.name)
  const unknown = [...names].filter(
    (name) => ![...ORGANIZATION_ROLES, ...customRoles].some((role) => role.name === name),
  )
  if (unknown.length === 0) return [...names]
  throw new Refusal('invalid', 'Validation failed.', {
    validations: unknown.map((name) => ({ field: 'roles', detail: `"${name}" is not a role of this organization.` })),
  })
}
