import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Group, ReducedUser } from './groups.ts'
import { User } from './users.ts'
import { Id, Response, SOMETHING } from './values.ts'

const ByTemplate = z.object({ template: Id })
/** Of one change. */
const MAX_ENTRIES = 1000

/** `use` is to see the template and to make workspaces of it; `` is anything that no role stands for. */
const TemplateRole = z.enum(['admin', 'use', ''])

/** The roles are checked by the server, so that its answer names the entry. */
const Perms = z
  .record(z.string().max(64), z.string().max(64))
  .refine((perms) => Object.keys(perms).length <= MAX_ENTRIES, `at most ${MAX_ENTRIES} at once`)
  .optional()

export const getTemplateAcl = endpoint('GET', '/templates/:template/acl', {
  summary: 'Who may use a template, or all with it, apart from roles.',
  params: ByTemplate,
  // The singular `group` is as clients know it.
  reply: z.object({
    users: z.array(User.extend({ role: TemplateRole })),
    group: z.array(Group.extend({ role: TemplateRole })),
  }),
})
export const updateTemplateAcl = endpoint('PATCH', '/templates/:template/acl', {
  summary: 'Sets roles of users and groups by their ids: admin, use, or empty to take them off the list.',
  params: ByTemplate,
  body: z.object({ user_perms: Perms, group_perms: Perms }).refine(...SOMETHING),
  reply: Response,
})
export const listTemplateAclAvailable = endpoint('GET', '/templates/:template/acl/available', {
  summary: 'Users and groups of the organization whom the caller sees and may put on the list.',
  params: ByTemplate,
  query: z.object({ q: z.string().max(200).default('') }),
  reply: z.object({ users: z.array(ReducedUser), groups: z.array(Group) }),
})
