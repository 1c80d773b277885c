import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { User } from './users.ts'
import { ByOrganization, Id, NAME, Response, SOMETHING } from './values.ts'

/** Of one change: whoever moves more says it in parts. */
const MAX_MOVED = 1000
const MAX_INTEGER = 2 ** 31 - 1

const ByGroup = z.object({ group: Id })

export const ReducedUser = User.pick({
  id: true,
  username: true,
  name: true,
  email: true,
  created_at: true,
  updated_at: true,
  last_seen_at: true,
  status: true,
  login_type: true,
}).extend({ avatar_url: z.string() })
export type ReducedUser = z.output<typeof ReducedUser>

export const Group = z.object({
  id: Id,
  name: z.string(),
  display_name: z.string(),
  organization_id: Id,
  organization_name: z.string(),
  organization_display_name: z.string(),
  /** Those whom the caller may see; in lists of groups at most 100 of each. */
  members: z.array(ReducedUser),
  /** Seen or not. */
  total_member_count: z.int(),
  avatar_url: z.string(),
  quota_allowance: z.int(),
  source: z.enum(['user', 'oidc']),
})
export type Group = z.output<typeof Group>

/** `include_system`: with the owner of prebuilt workspaces. */
const GroupQuery = z.object({ include_system: z.stringbool().default(false) })

const GroupName = z
  .string()
  .max(64, 'must be at most 64 characters long')
  .regex(NAME, 'use letters and digits, with single dashes between them')
  .refine((name) => name !== 'new' && name !== 'create', 'this word is reserved')
const facts = {
  display_name: z.string().max(64).optional(),
  avatar_url: z.string().max(2048).optional(),
  quota_allowance: z.int().min(0).max(MAX_INTEGER).optional(),
}

export const listGroups = endpoint('GET', '/organizations/:organization/groups', {
  summary: 'The groups of an organization that the caller may see, by name.',
  params: ByOrganization,
  query: GroupQuery,
  reply: z.array(Group),
})
export const createGroup = endpoint('POST', '/organizations/:organization/groups', {
  summary: 'Makes a group, without members.',
  params: ByOrganization,
  body: z.object({ name: GroupName, ...facts }),
  reply: Group,
})
export const getGroupByName = endpoint('GET', '/organizations/:organization/groups/:name', {
  summary: 'One group by its name.',
  params: ByOrganization.extend({ name: z.string() }),
  query: GroupQuery,
  reply: Group,
})
export const getGroup = endpoint('GET', '/groups/:group', {
  summary: 'One group; that of everyone has the id of its organization.',
  params: ByGroup,
  query: GroupQuery,
  reply: Group,
})
export const updateGroup = endpoint('PATCH', '/groups/:group', {
  summary: 'Changes what is given of a group, and puts people in or takes them out.',
  params: ByGroup,
  body: z
    .object({
      // A client that knows only some of the fields sends the others empty.
      name: GroupName.or(z.literal('')).optional(),
      ...facts,
      add_users: z.array(Id).max(MAX_MOVED).optional(),
      remove_users: z.array(Id).max(MAX_MOVED).optional(),
    })
    .refine(...SOMETHING),
  reply: Group,
})
export const deleteGroup = endpoint('DELETE', '/groups/:group', {
  summary: 'Removes a group and all that it was granted.',
  params: ByGroup,
  reply: Response,
})
