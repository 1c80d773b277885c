import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Id, Time } from './values.ts'

/** One preset of an active version that asks for a pool. */
export const PrebuildPool = z.object({
  preset_id: Id,
  preset_name: z.string(),
  preset_key: z.string(),
  template_id: Id,
  template_name: z.string(),
  template_version_id: Id,
  template_version_name: z.string(),
  organization_name: z.string(),
  desired: z.int(),
  base: z.int(),
  /** The window that says so; null outside every window. */
  window: z.object({ cron: z.string(), timezone: z.string() }).nullable(),
  /** When a window opens or closes next. */
  until: Time.nullable(),
  ready: z.int(),
  starting: z.int(),
  failed: z.int(),
  /** Why what is missing is not being made. */
  hold: z.string().nullable(),
  /** The whole week in words. */
  week: z.string(),
})
export type PrebuildPool = z.output<typeof PrebuildPool>

export const listPrebuildPools = endpoint('GET', '/prebuilds', {
  summary: 'Every pool that the caller may see: what is wanted now, until when, and what is there.',
  reply: z.array(PrebuildPool),
})
