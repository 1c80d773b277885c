import type { FindProvisionerJobRow, ListJobLogsRow } from '../../../sql/provisioner_jobs.sql.ts'
import { ProvisionerJob, type ProvisionerJobLog } from '../../contract/provisionerJobs.ts'
import type { z } from 'zod'
import { iso, timeIf } from './time.ts'

const NIL_ID = '00000000-0000-0000-0000-000000000000'
const Status = ProvisionerJob.shape.status
const Tags = ProvisionerJob.shape.tags

type JobRow = Pick<
  FindProvisionerJobRow,
  | 'id'
  | 'createdAt'
  | 'startedAt'
  | 'completedAt'
  | 'canceledAt'
  | 'error'
  | 'errorCode'
  | 'jobStatus'
  | 'workerId'
  | 'fileId'
  | 'tags'
  | 'organizationId'
  | 'initiatorId'
  | 'type'
  | 'logsOverflowed'
>

export function provisionerJobShape(row: JobRow, input: ProvisionerJob['input']): ProvisionerJob {
  return {
    id: row.id,
    created_at: iso(row.createdAt),
    ...timeIf('started_at', row.startedAt),
    ...timeIf('completed_at', row.completedAt),
    ...timeIf('canceled_at', row.canceledAt),
    ...(row.error === '' ? {} : { error: row.error }),
    ...(row.errorCode === '' ? {} : { error_code: row.errorCode }),
    status: Status.parse(row.jobStatus),
    ...(row.workerId === null ? {} : { worker_id: row.workerId }),
    file_id: row.fileId ?? NIL_ID,
    tags: Tags.parse(row.tags),
    queue_position: 0,
    queue_size: 0,
    organization_id: row.organizationId,
    initiator_id: row.initiatorId,
    input,
    type: row.type,
    logs_overflowed: row.logsOverflowed,
  }
}

export function jobLogShape(row: ListJobLogsRow): z.input<typeof ProvisionerJobLog> {
  return {
    id: row.id,
    created_at: iso(row.createdAt),
    log_source: row.source,
    log_level: row.level,
    stage: row.stage,
    output: row.output,
  }
}
