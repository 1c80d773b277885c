// Shapes that several resources share.
import { z } from 'zod'

/** RFC 3339, UTC. */
export const Time = z.iso.datetime({ offset: true })
export const Id = z.guid()
export const ByUser = z.object({ user: z.string() })
export const ByOrganization = z.object({ organization: z.string() })
/** 0 means as many as there are, up to the bound of the list. */
export const MAX_PAGE = 1000
export const Page = z.object({
  limit: z.coerce.number().int().min(0).max(MAX_PAGE).default(0),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
})
export const NAME = /^[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*$/
export const Name = z
  .string()
  .max(32, 'must be at most 32 characters long')
  .regex(NAME, 'use letters and digits, with single dashes between them')
  .refine((name) => name !== 'new' && name !== 'create', 'this word is reserved')
export const Response = z.object({ message: z.string() })

/** For requests in which every field may be left out: without any, nobody means them. */
export const SOMETHING = [
  (fields: object) => Object.values(fields).some((value) => value !== undefined),
  'say what to change',
] as const
