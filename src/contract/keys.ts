import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { ByUser, Id, NAME, Time } from './values.ts'

export const APIKey = z.object({
  id: z.string(),
  user_id: Id,
  /** The year 1: never. */
  last_used: Time,
  expires_at: Time,
  created_at: Time,
  updated_at: Time,
  login_type: z.string(),
  /** `all`, `application_connect`, or empty where `scopes` says more. */
  scope: z.string(),
  scopes: z.array(z.string()),
  token_name: z.string(),
  lifetime_seconds: z.int(),
  /** Each `<type>:<id>`. */
  allow_list: z.array(z.string()),
})
export type APIKey = z.output<typeof APIKey>

/** Shown once: afterwards only its hash is known. */
const NewKey = z.object({ key: z.string() })
const ByKey = ByUser.extend({ key: z.string() })

export const MIN_TOKEN_SECONDS = 60
/** A year and its leap day: what nobody uses ends by itself some day. */
export const MAX_TOKEN_SECONDS = 366 * 24 * 60 * 60
export const DEFAULT_TOKEN_SECONDS = 30 * 24 * 60 * 60

export const createSessionKey = endpoint('POST', '/users/:user/keys', {
  summary: 'Makes another session, as for a command line that a browser signs in.',
  params: ByUser,
  reply: NewKey,
})
export const createToken = endpoint('POST', '/users/:user/keys/tokens', {
  summary: 'Makes a token for programs, which may do less than its user.',
  params: ByUser,
  body: z.object({
    token_name: z
      .string()
      .max(32, 'must be at most 32 characters long')
      .regex(NAME, 'use letters and digits, with single dashes between them')
      .optional(),
    /** Nanoseconds, as clients of the wire format send it; 0 is the default. */
    lifetime: z.number().min(0).max(Number.MAX_VALUE).optional(),
    lifetime_seconds: z.int().min(0).optional(),
    scope: z.string().max(100).optional(),
    scopes: z.array(z.string().max(100)).max(100).optional(),
    allow_list: z.array(z.string().max(200)).max(128).optional(),
  }),
  reply: NewKey,
})
export const listTokens = endpoint('GET', '/users/:user/keys/tokens', {
  summary: 'The tokens of a user, without their secrets.',
  params: ByUser,
  query: z.object({ include_expired: z.stringbool().default(false) }),
  reply: z.array(APIKey),
})
export const getKey = endpoint('GET', '/users/:user/keys/:key', {
  summary: 'One session or token by its id, without its secret.',
  params: ByKey,
  reply: APIKey,
})
export const deleteKey = endpoint('DELETE', '/users/:user/keys/:key', {
  summary: 'Ends a session or a token at once.',
  params: ByKey,
})
