// Access lists of a single object, apart from roles: who is on the list may, whatever his roles refuse.

/** By user id or group id: the actions granted; `*` is all of them. */
export type Acl = Readonly<Record<string, readonly string[]>>

export type AclRole = 'admin' | 'use' | ''

const ACL_ROLES: Readonly<Record<AclRole, readonly string[]>> = { admin: ['*'], use: ['read', 'use'], '': [] }

export function aclActions(role: AclRole): readonly string[] {
  return ACL_ROLES[role]
}

export function isAclRole(text: string): text is AclRole {
  return Object.hasOwn(ACL_ROLES, text)
}

/** A set that no role stands for, such as a lone `read`, reads back as the empty role. */
export function aclRole(actions: readonly string[]): AclRole {
  const set = new Set(actions)
  const means = (role: AclRole) => set.size === ACL_ROLES[role].length && ACL_ROLES[role].every((one) => set.has(one))
  if (means('admin')) return 'admin'
  return means('use') ? 'use' : ''
}

/** Of a new template: the group of everyone has the id of its organization. */
export function defaultGroupAcl({ organizationId, everyone }: { organizationId: string; everyone: 'use' | '' }): Acl {
  return everyone === '' ? {} : { [organizationId]: aclActions('use') }
}

export function aclGrants(actions: readonly string[] | undefined, action: string): boolean {
  return actions !== undefined && (actions.includes('*') || actions.includes(action))
}
