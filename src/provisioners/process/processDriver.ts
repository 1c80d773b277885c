// The driver that needs nothing but this host: a workspace is a directory, and an agent with all that it starts.
import { resolve } from 'node:path'
import type { Driver, DriverEvents, DriverIo, ProvisionRequest, ProvisionResult } from '../driver.ts'
import { removeDirectories } from './directories.ts'
import { haltWorkspace } from './halt.ts'
import type { Host } from './host.ts'
import { createKeeper, type Keeper } from './keeper.ts'
import { createLocks } from './locks.ts'
import { pathsOf } from './paths.ts'
import { currentBootId } from './processes.ts'
import { resumeWorkspaces } from './resume.ts'
import { prepareRuntime, type Runtime } from './runtime.ts'
import { sentenceOf } from './sentence.ts'
import { STOP_GRACE_MS, startWorkspace } from './startWorkspace.ts'
import { listStates, readState, removeState, type WorkspaceState } from './state.ts'
import { killTree } from './tree.ts'

/** Far above the accounts of people and services, and of what systemd gives to units. */
const UID_BASE = 200_000
const UID_COUNT = 10_000
/** What a build did in this time is newer than the list that `resume` was called with, so it is left alone. */
const SETTLE_MS = 30_000

export type ProcessDriverOptions = {
  home: string
  /** The server as agents reach it. */
  url: string
  uidBase?: number
  uidCount?: number
  inspect: Driver['inspect']
  events: DriverEvents
  log: (message: string) => void
}

export function createProcessDriver(options: ProcessDriverOptions): Driver {
  const { host, prepared } = createHost(options)
  const { locks } = host
  const keeper = createKeeper(host)
  const changedAt = new Map<string, number>()

  /** What a build did since the list was read is newer than the list, however long the resume takes. */
  function isSettled(workspaceId: string): boolean {
    return !changedAt.has(workspaceId)
  }

  return {
    name: 'process',
    claimsInPlace: true,
    inspect: options.inspect,
    provision: (request, io) =>
      locks.run(request.workspaceId, async () => {
        const result = await provision(host, keeper, request, io)
        changedAt.set(request.workspaceId, performance.now())
        return result
      }),
    resume(wanted) {
      const settledMs = performance.now() - SETTLE_MS
      for (const [workspaceId, at] of changedAt) if (at < settledMs) changedAt.delete(workspaceId)
      return resumeWorkspaces({ host, keeper, isSettled }, wanted)
    },
    async stopAll({ graceMs }) {
      const running = (await listStates(host.paths)).filter(({ phase }) => phase !== 'stopped')
      await Promise.all(
        running.map(({ workspaceId }) =>
          locks.run(workspaceId, async () => {
            keeper.release(workspaceId)
            changedAt.delete(workspaceId)
            const state = await readState(host.paths, workspaceId)
            if (state) await haltWorkspace(host, state, { graceMs })
          }),
        ),
      )
    },
    async close() {
      keeper.close()
      await prepared
    },
  }
}

function createHost(options: ProcessDriverOptions): { host: Host; prepared: Promise<void> } {
  const { url, events, log, uidBase = UID_BASE, uidCount = UID_COUNT } = options
  const paths = pathsOf(resolve(options.home))
  const isRoot = process.getuid?.() === 0
  let runtime: Promise<Runtime> | undefined
  const host: Host = {
    paths,
    url,
    isRoot,
    bootId: currentBootId(),
    locks: createLocks(),
    uidRange: { base: uidBase, count: uidCount },
    async runtime() {
      runtime ??= prepareRuntime(paths, { isRoot })
      try {
        return await runtime
      } catch (error) {
        // A disk that was full may have room again at the next build.
        runtime = undefined
        throw error
      }
    },
    events,
    log,
  }
  return { host, prepared: prepareEarly(host) }
}

/** The first build need not wait for a bundle and a copy of Node. */
async function prepareEarly(host: Host): Promise<void> {
  try {
    await host.runtime()
  } catch (error) {
    host.log(`agents cannot be started yet: ${sentenceOf(error)}`)
  }
}

async function provision(
  host: Host,
  keeper: Keeper,
  request: ProvisionRequest,
  io: DriverIo,
): Promise<ProvisionResult> {
  const say = (output: string) => io.log({ level: 'info', stage: request.transition, output })
  try {
    io.signal.throwIfAborted()
    if (request.transition === 'start') await startWorkspace(host, keeper, request, { say, signal: io.signal })
    else await stopWorkspace(host, keeper, request, { say, signal: io.signal })
    io.signal.throwIfAborted()
    return { ok: true }
  } catch (error) {
    return io.signal.aborted
      ? { ok: false, code: 'canceled', error: 'canceled' }
      : { ok: false, error: sentenceOf(error) }
  }
}

type StopOptions = { say: (line: string) => void; signal: AbortSignal }

async function stopWorkspace(
  host: Host,
  keeper: Keeper,
  request: ProvisionRequest,
  options: StopOptions,
): Promise<void> {
  const { workspaceId, transition } = request
  const { say, signal } = options
  const state = await readState(host.paths, workspaceId)
  keeper.release(workspaceId)
  if (state) await haltKnown(host, state, options)
  else await killTree({ workspaceId, uid: null, groups: [] })
  if (transition !== 'delete') return
  signal.throwIfAborted()
  await removeDirectories({ paths: host.paths, workspaceId, uid: null })
  await removeState(host.paths, workspaceId)
  say(`Removed directory workspaces/${workspaceId}`)
}

async function haltKnown(host: Host, state: WorkspaceState, { say, signal }: StopOptions): Promise<void> {
  const wasRunning = state.phase !== 'stopped'
  await haltWorkspace(host, state, { graceMs: STOP_GRACE_MS, signal })
  if (wasRunning) say(`Stopped agent ${state.agents.map(({ name }) => name).join(', ')} and everything it had started`)
}
