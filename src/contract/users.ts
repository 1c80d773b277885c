import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { ByUser, Id, Time } from './values.ts'

export const User = z.object({
  id: Id,
  username: z.string(),
  name: z.string(),
  email: z.string(),
  created_at: Time,
  updated_at: Time,
  last_seen_at: Time.optional(),
  status: z.enum(['active', 'dormant', 'suspended']),
  login_type: z.string(),
  organization_ids: z.array(Id),
  roles: z.array(z.object({ name: z.string(), display_name: z.string() })),
})
export type User = z.output<typeof User>

export const getUser = endpoint('GET', '/users/:user', {
  summary: 'One user, by id, by name, or `me`.',
  params: ByUser,
  reply: User,
})
export const signInWithLink = endpoint('POST', '/users/login/link', {
  summary: 'Exchanges the token of a one-time sign-in link for a session token.',
  body: z.object({ token: z.string().min(1).max(200) }),
  reply: z.object({ session_token: z.string() }),
})
export const logout = endpoint('POST', '/users/logout', {
  summary: 'Ends the session of the token that the request carries.',
  reply: z.object({ message: z.string() }),
  status: 200,
})
