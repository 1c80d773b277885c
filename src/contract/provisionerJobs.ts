import { z } from 'zod'
import { Id, Time } from './values.ts'

export const ProvisionerJob = z.object({
  id: Id,
  created_at: Time,
  started_at: Time.optional(),
  completed_at: Time.optional(),
  canceled_at: Time.optional(),
  error: z.string().optional(),
  error_code: z.string().optional(),
  status: z.enum(['pending', 'running', 'succeeded', 'canceling', 'canceled', 'failed']),
  worker_id: Id.optional(),
  file_id: Id,
  tags: z.record(z.string(), z.string()),
  queue_position: z.int(),
  queue_size: z.int(),
  organization_id: Id,
  initiator_id: Id,
  input: z.object({ template_version_id: Id.optional(), workspace_build_id: Id.optional() }),
  type: z.string(),
  logs_overflowed: z.boolean(),
})
export type ProvisionerJob = z.output<typeof ProvisionerJob>

export const ProvisionerJobLog = z.object({
  id: z.int(),
  created_at: Time,
  log_source: z.string(),
  log_level: z.string(),
  stage: z.string(),
  output: z.string(),
})
export const LogQuery = z.object({ after: z.coerce.number().int().min(0).default(0) })
