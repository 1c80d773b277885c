import type { Client } from '../../contract/client.ts'
import { listWorkspaceBuildLogs, type Workspace } from '../../contract/workspaces.ts'
import { CliFailure } from '../failure.ts'
import type { Session } from '../session.ts'
import { tail } from '../tail.ts'
import { formatMs } from '../words.ts'
import { fullName } from './find.ts'
import { type Progress, progressOf } from './progress.ts'
import { watchWorkspace } from './watch.ts'
import { type JobLine, printJobLog } from './logLines.ts'

export type Awaited = {
  workspace: Workspace
  claimed: boolean
  /** `performance.now()` just before the request that caused all this. */
  startedMs: number
  timeoutMs: number
}
export type Timing = { workspace: Workspace; acknowledged_ms: number; ready_ms: number }

/** Follows the workspace until its agents are ready, with the build's log where there is a build to wait for. */
export async function waitUntilReady(session: Session, client: Client, awaited: Awaited): Promise<Timing> {
  const { workspace, claimed } = awaited
  session.goesOn = `The server goes on. See how far it is: daybreak workspaces show ${fullName(workspace)}`
  const built = new AbortController()
  const log = claimed
    ? Promise.resolve()
    : tail<JobLine>({
        read: (after) =>
          client(listWorkspaceBuildLogs, { params: { workspacebuild: workspace.latest_build.id }, query: { after } }),
        each: printJobLog(session.output),
        isOver: () => built.signal.aborted,
        wake: built.signal,
      })
  // It is a remark: to lose it is no reason to fail.
  const logRead = log.catch(() => {})
  try {
    return await watchUntilReady(session, client, { ...awaited, onBuilt: () => built.abort() })
  } finally {
    built.abort()
    await logRead
    session.output.settle()
  }
}

async function watchUntilReady(
  session: Session,
  client: Client,
  { workspace, claimed, startedMs, timeoutMs, onBuilt }: Awaited & { onBuilt: () => void },
): Promise<Timing> {
  const expected = { buildId: workspace.latest_build.id, claimed }
  const timeLeft = Math.max(0, Math.ceil(timeoutMs - (performance.now() - startedMs)))
  let last: Progress | undefined
  let acknowledgedMs: number | undefined
  for await (const present of watchWorkspace(client, { id: workspace.id, signal: AbortSignal.timeout(timeLeft) })) {
    const nowMs = performance.now() - startedMs
    last = progressOf(present, expected)
    if (last.built) onBuilt()
    if (last.acknowledged) acknowledgedMs ??= nowMs
    if (last.failed !== undefined) throw notUsable(present, last)
    if (last.ready && acknowledgedMs !== undefined) {
      return { workspace: present, acknowledged_ms: Math.round(acknowledgedMs), ready_ms: Math.round(nowMs) }
    }
    session.output.progress(last.text)
  }
  throw new CliFailure(`${fullName(workspace)} was not ready within ${formatMs(timeoutMs)}.`, {
    detail: `Last seen: ${last?.text ?? 'nothing'}. ${session.goesOn ?? ''}`,
  })
}

function notUsable(workspace: Workspace, { acknowledged, failed }: Progress): CliFailure {
  const name = fullName(workspace)
  return acknowledged
    ? new CliFailure(`${name} is yours, but ${failed}.`, {
        detail: `See what it wrote: daybreak workspaces logs ${name}`,
      })
    : new CliFailure(`${name} will not be ready: ${failed}.`, { detail: `See why: daybreak workspaces logs ${name}` })
}
