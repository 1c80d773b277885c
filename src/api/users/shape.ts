import type { FindUserRow } from '../../../sql/identity.sql.ts'
import { User } from '../../contract/users.ts'
import { SITE_ROLES } from '../../domain/rbac/roles.ts'
import { iso, timeIf } from '../wire/time.ts'

export function userShape(row: FindUserRow): User {
  return {
    id: row.id,
    username: row.username,
    name: row.name,
    email: row.email,
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
    ...timeIf('last_seen_at', row.lastSeenAt),
    status: User.shape.status.parse(row.status),
    login_type: row.loginType,
    organization_ids: row.organizationIds ?? [],
    roles: row.roles.map((name) => ({ name, display_name: displayName(name) })),
  }
}

function displayName(role: string): string {
  return SITE_ROLES.find(({ name }) => name === role)?.displayName ?? role
}
