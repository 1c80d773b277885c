// Who changed what. Fields are named as clients of the wire format know them.
import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Id, Page, Time } from './values.ts'

export const AUDIT_ACTIONS = [
  'create',
  'write',
  'delete',
  'start',
  'stop',
  'login',
  'logout',
  'register',
  'claim',
] as const

/** One field that changed. A secret has neither side: only that it changed is known. */
export const AuditChange = z.object({ old: z.unknown(), new: z.unknown(), secret: z.boolean() })
export type AuditChange = z.output<typeof AuditChange>

export const AuditLog = z.object({
  id: Id,
  time: Time,
  request_id: z.string(),
  ip: z.string(),
  user_agent: z.string(),
  action: z.string(),
  resource_type: z.string(),
  resource_id: z.string(),
  /** Its name when it was changed. */
  resource_target: z.string(),
  organization: z.object({ id: Id, name: z.string() }).nullable(),
  /** Null: the system itself, or somebody who was not signed in. */
  user: z.object({ id: Id, username: z.string() }).nullable(),
  diff: z.record(z.string(), AuditChange),
})
export type AuditLog = z.output<typeof AuditLog>

/** `count` goes no further: counting all of a long log takes longer than anybody waits. */
export const MAX_AUDIT_COUNT = 10_000

export const listAuditLogs = endpoint('GET', '/audit', {
  summary: `What was changed, newest first, with how many match (at most ${MAX_AUDIT_COUNT}). For auditors.`,
  query: Page.extend({ q: z.string().max(1000).default(''), after_id: Id.optional() }),
  reply: z.object({ audit_logs: z.array(AuditLog), count: z.int() }),
})
