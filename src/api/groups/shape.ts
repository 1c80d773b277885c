import type { Db } from '../../../sql/database.ts'
import { type FindGroupRow, listGroupMembers, type ListGroupMembersRow } from '../../../sql/groups.sql.ts'
import { Group, ReducedUser } from '../../contract/groups.ts'
import { may, type Target } from '../../domain/rbac/may.ts'
import type { Actor } from '../access.ts'
import { iso, timeIf } from '../wire/time.ts'

/** Lists of groups show what is in them, not everybody. */
export const MAX_MEMBERS_IN_LISTS = 100

export type GroupOptions = { actor: Actor; includeSystem: boolean; perGroup: number }

/** With those of their members whom the actor may see. */
export async function groupShapes(
  db: Db,
  rows: readonly FindGroupRow[],
  { actor, includeSystem, perGroup }: GroupOptions,
): Promise<Group[]> {
  const members = await listGroupMembers(db, { groupIds: rows.map(({ id }) => id), includeSystem, perGroup })
  return rows.map((row) => {
    const visible = members.filter(
      ({ groupId, id }) => groupId === row.id && may(actor.subject, 'read', groupMemberTarget(id, row)),
    )
    return groupShape(row, visible)
  })
}

/** Its own members may see it. */
export function groupTarget({ id, organizationId }: { id: string; organizationId: string }): Target {
  return { type: 'group', id, organizationId, groupAcl: { [id]: ['read'] } }
}

function groupMemberTarget(userId: string, { organizationId }: { organizationId: string }): Target {
  return { type: 'group_member', id: userId, ownerId: userId, organizationId }
}

function groupShape(row: FindGroupRow, members: readonly ListGroupMembersRow[]): Group {
  return {
    id: row.id,
    name: row.name,
    display_name: row.displayName,
    organization_id: row.organizationId,
    organization_name: row.organizationName,
    organization_display_name: row.organizationDisplayName,
    members: members.map(reducedUserShape),
    total_member_count: row.total,
    avatar_url: row.avatarUrl,
    quota_allowance: row.quotaAllowance,
    source: Group.shape.source.parse(row.source),
  }
}

export function reducedUserShape(row: Omit<ListGroupMembersRow, 'groupId'>): ReducedUser {
  return {
    id: row.id,
    username: row.username,
    name: row.name,
    email: row.email,
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
    ...timeIf('last_seen_at', row.lastSeenAt),
    status: ReducedUser.shape.status.parse(row.status),
    login_type: row.loginType,
    avatar_url: '',
  }
}
