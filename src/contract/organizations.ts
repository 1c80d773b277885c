import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { ByOrganization, ByUser, Id, Time } from './values.ts'

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

export const listUserOrganizations = endpoint('GET', '/users/:user/organizations', {
  summary: 'The organizations that a user belongs to.',
  params: ByUser,
  reply: z.array(Organization),
})
export const listOrganizations = endpoint('GET', '/organizations', {
  summary: 'The organizations that the caller belongs to.',
  reply: z.array(Organization),
})
export const getOrganization = endpoint('GET', '/organizations/:organization', {
  summary: 'One organization, by id, by name, or `default`.',
  params: ByOrganization,
  reply: Organization,
})
