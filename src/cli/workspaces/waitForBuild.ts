import type { Client } from '../../contract/client.ts'
import { getWorkspace, listWorkspaceBuildLogs, type Workspace, type WorkspaceBuild } from '../../contract/workspaces.ts'
import { CliFailure } from '../failure.ts'
import type { Session } from '../session.ts'
import { tail } from '../tail.ts'
import { fullName } from './find.ts'
import { type JobLine, printJobLog } from './logLines.ts'

export type BuildWait = { workspace: Workspace; build: WorkspaceBuild; timeoutMs: number; doing: string }

/** Shows a stop or a deletion as it happens, and ends with its end. */
export async function waitForBuild(
  session: Session,
  client: Client,
  { workspace, build, timeoutMs, doing }: BuildWait,
): Promise<Workspace> {
  const { output } = session
  const name = fullName(workspace)
  session.goesOn = `The server goes on with it: daybreak workspaces show ${workspace.id}`
  const signal = AbortSignal.timeout(timeoutMs)
  let present = workspace
  output.progress(doing)
  try {
    await tail<JobLine>({
      read: (after) => client(listWorkspaceBuildLogs, { params: { workspacebuild: build.id }, query: { after } }),
      each: printJobLog(output),
      async isOver() {
        present = await client(getWorkspace, {
          params: { workspace: workspace.id },
          query: { include_deleted: 'true' },
        })
        return present.latest_build.id !== build.id || present.latest_build.job.completed_at !== undefined
      },
      signal,
    })
  } catch (error) {
    if (!signal.aborted) throw error
    throw new CliFailure(`${name}: the ${build.transition} has not ended yet.`, {
      detail: session.goesOn,
      cause: error,
    })
  } finally {
    output.settle()
  }
  const { job, id } = present.latest_build
  if (id !== build.id || job.status === 'succeeded') return present
  throw new CliFailure(`${name}: the ${build.transition} ended as ${job.status}${job.error ? `: ${job.error}` : '.'}`, {
    detail: `See why: daybreak workspaces logs ${workspace.id}`,
  })
}
