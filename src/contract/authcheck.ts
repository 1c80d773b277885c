import { z } from 'zod'
import { endpoint } from './endpoint.ts'

/** Of one request: a page asks about a few dozen things at once. */
export const MAX_CHECKS = 500

const Word = z.string().max(64)
export const AuthorizationCheck = z.object({
  object: z.object({
    resource_type: Word.min(1),
    /** `me` is the caller. */
    owner_id: Word.optional(),
    organization_id: Word.optional(),
    /** Of a template or a workspace: its own owner, organization and access list count, not those of the request. */
    resource_id: Word.optional(),
    /** Instead of one organization: in any of the caller's. */
    any_org: z.boolean().optional(),
  }),
  action: Word.min(1),
})
export type AuthorizationCheck = z.output<typeof AuthorizationCheck>

/** Why: the level of the rules that decided, and the role, group or user that did. */
export const Explained = z.object({ allowed: z.boolean(), level: z.string(), by: z.string().optional() })

export const checkAuthorization = endpoint('POST', '/authcheck', {
  summary: 'What the caller may do, by the name of each check; `explain` tells those who may debug the server why.',
  query: z.object({ explain: z.enum(['0', '1', 'true', 'false']).default('0') }),
  body: z.object({
    checks: z
      .record(z.string().max(128), AuthorizationCheck)
      .refine((checks) => Object.keys(checks).length <= MAX_CHECKS, `ask at most ${MAX_CHECKS} checks at once`),
  }),
  reply: z.record(z.string(), z.union([z.boolean(), Explained])),
  status: 200,
})
