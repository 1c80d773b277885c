import type { ResumeReport, WantedWorkspace } from '../driver.ts'
import { haltWorkspace } from './halt.ts'
import type { Host } from './host.ts'
import { type Keeper, tellExit } from './keeper.ts'
import { sentenceOf } from './sentence.ts'
import { keepRunning, STOP_GRACE_MS, startWorkspace } from './startWorkspace.ts'
import { listStates, namesIn, readState } from './state.ts'

/** Starting is mostly waiting for the kernel and the disk; more at once would only make all of them slower. */
const AT_ONCE = 8

type Resuming = { host: Host; keeper: Keeper; isSettled: (workspaceId: string) => boolean }
type Outcome = 'adopted' | 'restarted' | 'killed' | 'left'

export async function resumeWorkspaces(resuming: Resuming, wanted: readonly WantedWorkspace[]): Promise<ResumeReport> {
  const { host } = resuming
  const wantedIds = new Set(wanted.map(({ workspaceId }) => workspaceId))
  const states = await listStates(host.paths)
  const unwanted = states.filter(({ workspaceId, phase }) => phase !== 'stopped' && !wantedIds.has(workspaceId))
  const known = new Set([...wantedIds, ...states.map(({ workspaceId }) => workspaceId)])
  for (const name of await namesIn(host.paths.workspaces)) {
    // Somebody's work may be in it: only a delete build removes a directory.
    if (!known.has(name)) host.log(`directory workspaces/${name} belongs to no known workspace; it is kept`)
  }
  const tasks = [
    ...unwanted.map(({ workspaceId }) => ({ workspaceId, work: () => killUnwanted(resuming, workspaceId) })),
    ...wanted.map((one) => ({ workspaceId: one.workspaceId, work: () => resumeOne(resuming, one) })),
  ]
  const report = { adopted: 0, restarted: 0, killed: 0 }
  for (let first = 0; first < tasks.length; first += AT_ONCE) {
    const batch = tasks.slice(first, first + AT_ONCE)
    const outcomes = await Promise.all(
      batch.map(({ workspaceId, work }) => host.locks.run(workspaceId, () => orLeft(host, workspaceId, work))),
    )
    for (const outcome of outcomes) if (outcome !== 'left') report[outcome] += 1
  }
  return report
}

/** One workspace that cannot be resumed must not keep the others from it; the next resume tries again. */
async function orLeft(host: Host, workspaceId: string, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work()
  } catch (error) {
    host.log(`workspace ${workspaceId} could not be resumed: ${sentenceOf(error)}`)
    return 'left'
  }
}

async function resumeOne({ host, keeper, isSettled }: Resuming, wanted: WantedWorkspace): Promise<Outcome> {
  const { workspaceId } = wanted
  const state = await readState(host.paths, workspaceId)
  if (!isSettled(workspaceId)) return 'left'
  if (state && (await keepRunning(host, keeper, state, wanted))) return 'adopted'
  // Its agent died a moment ago and waits out its back-off.
  if (state?.buildId === wanted.buildId && keeper.isKeeping(workspaceId)) return 'left'
  const say = (line: string) => host.log(`workspace ${workspaceId}: ${line}`)
  await tellExit(host, { workspaceId, buildId: wanted.buildId, reason: 'its agent was not running' })
  await startWorkspace(host, keeper, wanted, { say })
  return 'restarted'
}

async function killUnwanted({ host, keeper, isSettled }: Resuming, workspaceId: string): Promise<Outcome> {
  const state = await readState(host.paths, workspaceId)
  if (!state || state.phase === 'stopped' || !isSettled(workspaceId)) return 'left'
  keeper.release(workspaceId)
  await haltWorkspace(host, state, { graceMs: STOP_GRACE_MS })
  host.log(`workspace ${workspaceId} should not be running and was stopped; its directory is kept`)
  return 'killed'
}
