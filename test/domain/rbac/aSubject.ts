import type { Subject } from '../../../src/domain/rbac/subject.ts'

export function aSubject(changes: Partial<Subject> = {}): Subject {
  return { id: 'user-me', siteRoles: [], memberships: [], groups: [], scopes: ['coder:all'], ...changes }
}

/** In org-1, with these roles besides the implied one. */
export function aMember(roles: readonly string[] = [], changes: Partial<Subject> = {}): Subject {
  return aSubject({ memberships: [{ organizationId: 'org-1', roles }], ...changes })
}
