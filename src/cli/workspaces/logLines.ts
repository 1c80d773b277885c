import type { z } from 'zod'
import type { ProvisionerJobLog } from '../../contract/provisionerJobs.ts'
import { type Output, printable } from '../output.ts'

export type JobLine = z.output<typeof ProvisionerJobLog>

/** For a build that is under way: its log is a remark, not the answer. */
export function printJobLog(output: Output): (line: JobLine) => void {
  return (line) => output.note(output.tint(line.log_level === 'error' ? 'red' : 'dim', jobLogText(line)))
}

export function jobLogText({ stage, output }: JobLine): string {
  return printable(stage ? `${stage}: ${output}` : output)
}
