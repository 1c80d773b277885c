// What a change of a group may be, and doing it.
import type { Tx } from '../../../sql/database.ts'
import {
  addGroupMembers,
  type FindGroupRow,
  listAddableUsers,
  removeGroupMembers,
  updateGroup as updateRow,
} from '../../../sql/groups.sql.ts'
import type { updateGroup } from '../../contract/groups.ts'
import type { Input } from '../../contract/endpoint.ts'
import { Refusal } from '../../domain/errors.ts'

type Body = Input<typeof updateGroup>['body']

/** The answer of the audit log: what was before, and what is now. */
export type GroupFacts = { name: string; display_name: string; avatar_url: string; quota_allowance: number }
export type Moved = { added: string[]; removed: string[] }

const EVERYONE = 'everyone'

export function isEveryone({ id, organizationId }: { id: string; organizationId: string }): boolean {
  return id === organizationId
}

/** That group is there already in every organization, and means something. */
export function refuseEveryoneName(name: string): void {
  if (name.toLowerCase() !== EVERYONE) return
  throw new Refusal('invalid', `"${name}" is a reserved keyword and cannot be used for a group name.`, {
    validations: [{ field: 'name', detail: 'this word is reserved' }],
  })
}

export function refuseChange(group: FindGroupRow, { name = '', add_users = [], remove_users = [] }: Body): void {
  const everyone = isEveryone(group)
  if (everyone && name !== '' && name !== group.name) {
    throw new Refusal('invalid', `Cannot rename the "${group.name}" group!`)
  }
  if (!everyone && name !== '') refuseEveryoneName(name)
  if (everyone && add_users.length + remove_users.length > 0) {
    throw new Refusal('invalid', `Cannot add or remove users of the "${group.name}" group!`, {
      detail: 'Its members are those of the organization.',
    })
  }
  const added = new Set(add_users)
  if (added.size < add_users.length) throw new Refusal('invalid', 'Cannot add the same user to a group twice!')
  const both = remove_users.find((id) => added.has(id))
  if (both !== undefined) throw new Refusal('invalid', `User "${both}" is to be added and removed.`)
}

export async function changeGroup(tx: Tx, group: FindGroupRow, body: Body): Promise<Moved> {
  await updateRow(tx, {
    id: group.id,
    name: body.name || group.name,
    displayName: body.display_name ?? group.displayName,
    avatarUrl: body.avatar_url ?? group.avatarUrl,
    quotaAllowance: body.quota_allowance ?? group.quotaAllowance,
  })
  const removed = await removeGroupMembers(tx, { groupId: group.id, userIds: body.remove_users ?? [] })
  return { added: await add(tx, group, body.add_users ?? []), removed: removed.map(({ userId }) => userId) }
}

async function add(tx: Tx, group: FindGroupRow, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const { organizationId, organizationName } = group
  const addable = new Set((await listAddableUsers(tx, { organizationId, ids, limit: ids.length })).map(({ id }) => id))
  const strangers = ids.filter((id) => !addable.has(id))
  if (strangers.length > 0) {
    throw new Refusal('invalid', `Only members of organization "${organizationName}" can be added.`, {
      validations: strangers.map((id) => ({
        field: 'add_users',
        detail: `User "${id}" must be a member of organization "${organizationName}".`,
      })),
    })
  }
  const added = (await addGroupMembers(tx, { groupId: group.id, userIds: ids })).map(({ userId }) => userId)
  const already = ids.filter((id) => !added.includes(id))
  if (already.length === 0) return added
  throw new Refusal('invalid', 'Cannot add the same user to a group twice!', {
    validations: already.map((id) => ({ field: 'add_users', detail: `User "${id}" is in the group already.` })),
  })
}

export function factsOf(group: FindGroupRow): GroupFacts {
  return {
    name: group.name,
    display_name: group.displayName,
    avatar_url: group.avatarUrl,
    quota_allowance: group.quotaAllowance,
  }
}
