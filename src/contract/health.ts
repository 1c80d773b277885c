import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Id, Time } from './values.ts'

const Severity = z.enum(['ok', 'warning', 'error'])
const Warning = z.object({ code: z.string(), message: z.string() })
const Section = z.object({ healthy: z.boolean(), severity: Severity, warnings: z.array(Warning) })

export const HealthReport = z.object({
  time: Time,
  healthy: z.boolean(),
  severity: Severity,
  coder_version: z.string(),
  access_url: Section.extend({ access_url: z.string(), reachable: z.boolean() }),
  database: Section.extend({
    reachable: z.boolean(),
    latency: z.string(),
    latency_ms: z.number(),
    threshold_ms: z.int(),
  }),
  provisioner_daemons: Section.extend({
    items: z.array(
      z.object({
        provisioner_daemon: z.object({
          id: Id,
          name: z.string(),
          host: z.string(),
          version: z.string(),
          provisioners: z.array(z.string()),
          created_at: Time,
          last_seen_at: Time,
        }),
        warnings: z.array(Warning),
      }),
    ),
  }),
  /** This server has none of these; clients of the wire format look for them. */
  derp: Section,
  websocket: Section,
  workspace_proxy: Section,
  /** Ours: what `daybreak doctor` says of the database and the work in it. */
  checks: z.array(
    z.object({
      check: z.string(),
      status: z.enum(['ok', 'warning', 'failed']),
      message: z.string(),
      hint: z.string().optional(),
    }),
  ),
})
export type HealthReport = z.output<typeof HealthReport>
export type HealthSection = z.output<typeof Section>

export const getHealthReport = endpoint('GET', '/debug/health', {
  summary: 'Database, workers, clock and queue, each with what to do about it; `force` asks anew.',
  query: z.object({ force: z.enum(['true', 'false']).default('false') }),
  reply: HealthReport,
})
