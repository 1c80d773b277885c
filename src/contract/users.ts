import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { ByUser, Id, Name, Page, Response, Time } from './values.ts'

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

/** What stands in the place of a user's name in paths. */
const RESERVED = new Set(['me', 'first', 'authmethods', 'roles', 'login', 'logout', 'oidc'])
const Username = Name.refine((name) => !RESERVED.has(name.toLowerCase()), 'this word is reserved')
/** As browsers check it: a deployment without mail may use `@localhost`. */
const Email = z.email({ pattern: z.regexes.html5Email, error: 'this is not a mail address' }).max(320)
const FullName = z.string().trim().max(128, 'must be at most 128 characters long')
/** Only bounds what is read; what a password must be like is said at once for all its faults. */
const Password = z.string().min(1).max(1024)
const Session = z.object({ session_token: z.string() })

export const listUsers = endpoint('GET', '/users', {
  summary: 'The users that the caller may see, by name.',
  query: Page.extend({ q: z.string().max(1000).default(''), after_id: Id.optional() }),
  reply: z.object({ users: z.array(User), count: z.int() }),
})
export const getUser = endpoint('GET', '/users/:user', {
  summary: 'One user, by id, by name, or `me`.',
  params: ByUser,
  reply: User,
})
export const createUser = endpoint('POST', '/users', {
  summary: 'Makes a user who signs in by password, or one for tokens alone.',
  body: z.object({
    username: Username,
    email: Email,
    name: FullName.default(''),
    /** Empty is what older clients send for a password. */
    login_type: z
      .enum(['', 'password', 'none'])
      .default('password')
      .transform((type) => type || 'password'),
    password: z.string().max(1024).default(''),
    /** None: the default one. */
    organization_ids: z.array(Id).max(100).default([]),
  }),
  reply: User,
})
export const deleteUser = endpoint('DELETE', '/users/:user', {
  summary: 'Removes a user without workspaces, with all sessions, tokens and rights.',
  params: ByUser,
  reply: Response,
})
export const updateProfile = endpoint('PUT', '/users/:user/profile', {
  summary: 'Changes the name by which a user is known.',
  params: ByUser,
  body: z.object({ username: Username, name: FullName.optional() }),
  reply: User,
})

export const suspendUser = endpoint('PUT', '/users/:user/status/suspend', {
  summary: 'Keeps a user out from now on, with sessions and tokens that are open.',
  params: ByUser,
  reply: User,
})
export const activateUser = endpoint('PUT', '/users/:user/status/activate', {
  summary: 'Lets a suspended user in again.',
  params: ByUser,
  reply: User,
})
export const getUserRoles = endpoint('GET', '/users/:user/roles', {
  summary: 'The roles of a user, for the deployment and in each organization.',
  params: ByUser,
  reply: z.object({ roles: z.array(z.string()), organization_roles: z.record(Id, z.array(z.string())) }),
})
export const setUserRoles = endpoint('PUT', '/users/:user/roles', {
  summary: 'Gives a user these roles for the deployment, and no others.',
  params: ByUser,
  body: z.object({ roles: z.array(z.string().min(1).max(64)).max(100) }),
  reply: User,
})
export const setPassword = endpoint('PUT', '/users/:user/password', {
  summary: 'Sets a password and ends the other sessions of its user.',
  params: ByUser,
  body: z.object({ password: Password, old_password: z.string().max(1024).default('') }),
})
export const listSiteRoles = endpoint('GET', '/users/roles', {
  summary: 'The roles for the deployment, and which of them the caller may give.',
  reply: z.array(
    z.object({ name: z.string(), display_name: z.string(), assignable: z.boolean(), built_in: z.boolean() }),
  ),
})

export const findFirstUser = endpoint('GET', '/users/first', {
  summary: 'Says whether anybody is there yet: 404 when not.',
  reply: Response,
})
export const createFirstUser = endpoint('POST', '/users/first', {
  summary: 'Makes the first owner of a deployment that has nobody.',
  body: z.object({ username: Username, email: Email, name: FullName.default(''), password: Password }),
  reply: z.object({ user_id: Id, organization_id: Id }),
})
export const getAuthMethods = endpoint('GET', '/users/authmethods', {
  summary: 'The ways to sign in.',
  reply: z.object({
    password: z.object({ enabled: z.boolean() }),
    github: z.object({ enabled: z.boolean(), default_provider_configured: z.boolean() }),
    /** Of the first provider, as the wire format has it; ours: all of them. */
    oidc: z.object({
      enabled: z.boolean(),
      signInText: z.string(),
      iconUrl: z.string(),
      providers: z.array(z.object({ id: z.string(), name: z.string(), iconUrl: z.string(), loginUrl: z.string() })),
    }),
  }),
})
export const signInWithPassword = endpoint('POST', '/users/login', {
  summary: 'Exchanges a password for a session token, which is set as a cookie too.',
  /** `email` may be a user name. */
  body: z.object({ email: z.string().trim().min(1).max(320), password: Password }),
  reply: Session,
})
export const signInWithLink = endpoint('POST', '/users/login/link', {
  summary: 'Exchanges the token of a one-time sign-in link for a session token.',
  body: z.object({ token: z.string().min(1).max(200) }),
  reply: Session,
})
export const logout = endpoint('POST', '/users/logout', {
  summary: 'Ends the session of the token that the request carries.',
  reply: Response,
  status: 200,
})
