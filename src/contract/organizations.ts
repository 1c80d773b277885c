import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { ByOrganization, ByUser, Id, Name, Page, Response, SOMETHING, Time } from './values.ts'

export const Organization = z.object({
  id: Id,
  name: z.string(),
  display_name: z.string(),
  icon: z.string(),
  description: z.string(),
  created_at: Time,
  updated_at: Time,
  is_default: z.boolean(),
})
export type Organization = z.output<typeof Organization>

const ByMember = ByOrganization.extend(ByUser.shape)

/** `roles`: of the organization, the one that every member has left out. */
export const OrganizationMember = z.object({
  user_id: Id,
  organization_id: Id,
  created_at: Time,
  updated_at: Time,
  roles: z.array(z.object({ name: z.string(), display_name: z.string(), organization_id: Id })),
})
export type OrganizationMember = z.output<typeof OrganizationMember>

export const OrganizationMemberWithUserData = OrganizationMember.extend({
  username: z.string(),
  name: z.string(),
  avatar_url: z.string(),
  email: z.string(),
  global_roles: z.array(z.object({ name: z.string(), display_name: z.string() })),
})
export type OrganizationMemberWithUserData = z.output<typeof OrganizationMemberWithUserData>

export const AssignableOrganizationRole = z.object({
  name: z.string(),
  display_name: z.string(),
  organization_id: Id,
  built_in: z.boolean(),
  /** By the caller. */
  assignable: z.boolean(),
})

const words = {
  display_name: z.string().max(64).optional(),
  description: z.string().max(256).optional(),
  icon: z.string().max(256).optional(),
}
/** The search of members: `user_id:<id>`, `include_system:true`. */
const MemberSearch = z.string().max(1000).default('')

export const listUserOrganizations = endpoint('GET', '/users/:user/organizations', {
  summary: 'The organizations that a user belongs to, as far as the caller may see them.',
  params: ByUser,
  reply: z.array(Organization),
})
export const listOrganizations = endpoint('GET', '/organizations', {
  summary: 'The organizations that the caller may see: his own, or all.',
  reply: z.array(Organization),
})
export const createOrganization = endpoint('POST', '/organizations', {
  summary: 'Makes an organization, whose first admin is the caller.',
  body: z.object({ name: Name, ...words }),
  reply: Organization,
})
export const getOrganization = endpoint('GET', '/organizations/:organization', {
  summary: 'One organization, by id, by name, or `default`.',
  params: ByOrganization,
  reply: Organization,
})
export const updateOrganization = endpoint('PATCH', '/organizations/:organization', {
  summary: 'Changes what is given of the name, the words and the icon of an organization.',
  params: ByOrganization,
  body: z.object({ name: Name.optional(), ...words }).refine(...SOMETHING),
  reply: Organization,
})
export const deleteOrganization = endpoint('DELETE', '/organizations/:organization', {
  summary: 'Removes an organization without templates and workspaces; never the default one.',
  params: ByOrganization,
  reply: Response,
})
export const listMembers = endpoint('GET', '/organizations/:organization/members', {
  summary: 'The members of an organization whom the caller may see, by name.',
  params: ByOrganization,
  query: z.object({ q: MemberSearch }),
  reply: z.array(OrganizationMemberWithUserData),
})
export const listMembersInPages = endpoint('GET', '/organizations/:organization/paginated-members', {
  summary: 'The same members in pages, with how many there are.',
  params: ByOrganization,
  query: Page.extend({ q: MemberSearch }),
  reply: z.object({ members: z.array(OrganizationMemberWithUserData), count: z.int() }),
})
export const createMember = endpoint('POST', '/organizations/:organization/members/:user', {
  summary: 'Makes a user a member of an organization.',
  params: ByMember,
  reply: OrganizationMember,
  status: 200,
})
export const removeMember = endpoint('DELETE', '/organizations/:organization/members/:user', {
  summary: 'Takes a user out of an organization and of its groups.',
  params: ByMember,
})
export const setOrganizationRoles = endpoint('PUT', '/organizations/:organization/members/:user/roles', {
  summary: 'The roles that a member has from now on; the caller must be allowed to give and take what differs.',
  params: ByMember,
  body: z.object({ roles: z.array(z.string().max(128)).max(64) }),
  reply: OrganizationMember,
})
export const listAssignableOrganizationRoles = endpoint('GET', '/organizations/:organization/members/roles', {
  summary: 'The roles of an organization, and which the caller may give.',
  params: ByOrganization,
  reply: z.array(AssignableOrganizationRole),
})
