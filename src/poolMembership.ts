// Where templates ask for prebuilds, their owner belongs: as a member, and in the group that bounds what he may use.
import { insertAudit } from '../sql/audit.sql.ts'
import type { Db } from '../sql/database.ts'
import { joinPoolOwner } from '../sql/organizations.sql.ts'
import { SYSTEM_USER_ID } from './systemUser.ts'

/**
 * Where it is needed when presets come, and by the sweep for all organizations (null): whoever takes the user out gets
 * it back. Answers in how many something was missing.
 */
export async function ensurePoolMembership(
  db: Db,
  { organizationId }: { organizationId: string | null },
): Promise<number> {
  const joined = await joinPoolOwner(db, { organizationId })
  for (const one of joined) {
    await insertAudit(db, {
      actorId: null,
      organizationId: one.organizationId,
      action: 'create',
      targetType: 'organization_member',
      targetId: SYSTEM_USER_ID,
      targetName: 'prebuilds',
      before: {},
      after: { group_id: one.groupId },
      requestId: '',
      address: null,
      userAgent: '',
    })
  }
  return joined.length
}
