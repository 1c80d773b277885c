import type { Client } from '../../contract/client.ts'
import type { ProvisionerJob } from '../../contract/provisionerJobs.ts'
import { getTemplateVersion, listTemplateVersionLogs, type TemplateVersion } from '../../contract/templates.ts'
import { CliFailure } from '../failure.ts'
import { type Output, printable } from '../output.ts'
import { tail } from '../tail.ts'

/** Shows the import as it happens, and answers once it succeeded. Its problems, with file, line and column, end it. */
export async function followImport(
  client: Client,
  { version, output }: { version: TemplateVersion; output: Output },
): Promise<TemplateVersion> {
  const params = { templateversion: version.id }
  const problems: string[] = []
  let present = version
  output.progress(progressOf(version.job))
  await tail({
    read: (after) => client(listTemplateVersionLogs, { params, query: { after } }),
    async isOver() {
      present = await client(getTemplateVersion, { params })
      output.progress(progressOf(present.job))
      return present.job.completed_at !== undefined
    },
    each: ({ log_level: level, output: line }) => {
      if (level === 'error') problems.push(line)
      else output.note(output.tint('dim', printable(line)))
    },
  })
  output.settle()
  if (present.job.status === 'succeeded') return present
  throw new CliFailure(present.job.error || `The import ended as ${present.job.status}.`, {
    validations: problems.map((detail) => ({ field: '', detail })),
    detail: 'Nothing changed for people who use the template. Put it right, then push again.',
  })
}

function progressOf({ status, queue_position: position, queue_size: size }: ProvisionerJob): string {
  if (status === 'pending') return position > 1 ? `Waiting, number ${position} of ${size}` : 'Waiting for a worker'
  return 'Importing'
}
