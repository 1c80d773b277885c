// The agent's life: it serves one session at a time, and changes to the next when the workspace changes hands.
// One transition at a time, in this order: children stopped, generation remembered, manifest loaded, acknowledged,
// scripts started.
import type { AgentManifest } from '../contract/agentApi.ts'
import { type Api, createApi } from './api.ts'
import type { AgentConfig } from './config.ts'
import { type Remembered, recall, remember } from './generation.ts'
import { keepBeating } from './heartbeat.ts'
import type { Log } from './log.ts'
import { loadManifest } from './manifest.ts'
import { followReinit } from './reinit.ts'
import { createSession, type Session } from './session.ts'

/** Serves until `signal` is aborted, then runs the stop scripts and returns. */
export async function serveWorkspace(options: { config: AgentConfig; log: Log; signal: AbortSignal }): Promise<void> {
  const { config, log, signal } = options
  const bell = createBell()
  const superseded = { agentId: '' }
  const api = createApi({
    config,
    log,
    onSuperseded(agentId) {
      superseded.agentId = agentId
      bell.ring()
    },
  })
  const manifest = await loadManifest(api, { atLeast: 0, signal, log })
  if (!manifest) return
  const life = createLife({ config, log, signal, api, onWanted: () => bell.ring() })
  await life.enter(manifest)
  signal.addEventListener('abort', () => bell.ring())
  while (!signal.aborted) {
    if (life.isBehind()) await life.followGeneration()
    else if (superseded.agentId === life.agentId()) {
      superseded.agentId = ''
      await life.reload()
    } else await bell.rung()
  }
  await life.shutDown()
}

type Surroundings = { config: AgentConfig; log: Log; signal: AbortSignal; api: Api; onWanted: () => void }

function createLife({ config, log, signal, api, onWanted }: Surroundings) {
  let session: Session | undefined
  let agentId = ''
  let wanted = 0
  let mayChangeHands = true
  let serving = new AbortController()

  const keep = (remembered: Remembered) => remember({ stateDir: config.stateDir, log }, remembered)

  async function acknowledge(generation: number): Promise<void> {
    const body = { generation }
    const reply = await api.call({ method: 'POST', path: 'reinit/ack', body, agentId, signal })
    if (reply && reply.status < 300) await keep({ generation, acknowledgedBy: agentId })
    else if (reply) log(`reinit/ack ${generation}: answered ${reply.status}`)
  }

  async function follow(generation: number, serves: AbortSignal): Promise<void> {
    if (!mayChangeHands) return
    const end = await followReinit({
      api,
      log,
      agentId,
      generation,
      signal: serves,
      onGeneration(announced) {
        if (announced <= wanted) return
        wanted = announced
        onWanted()
      },
    })
    if (end === 'never') mayChangeHands = false
  }

  async function enter(manifest: AgentManifest): Promise<void> {
    const { generation } = manifest
    agentId = manifest.agent_id
    wanted = Math.max(wanted, generation)
    const known = await recall(config.stateDir)
    if (known.generation !== generation) await keep({ generation, acknowledgedBy: '' })
    const isKnown = known.generation === generation && known.acknowledgedBy === agentId
    if (generation > 0 && !isKnown) await acknowledge(generation)
    session = createSession({ config, api, log, manifest })
    // The stream of the last session stays open until here: what it announces meanwhile still counts.
    serving.abort()
    serving = new AbortController()
    const serves = AbortSignal.any([signal, serving.signal])
    if (serves.aborted) return
    void keepBeating({ api, agentId, signal: serves })
    void follow(generation, serves)
    void session.start()
  }

  return {
    enter,
    agentId: () => agentId,
    isBehind: () => session !== undefined && wanted > session.manifest.generation,
    async followGeneration(): Promise<void> {
      log(`generation ${wanted}: the workspace has changed hands`)
      await session?.abandon()
      await keep({ generation: wanted, acknowledgedBy: '' })
      const manifest = await loadManifest(api, { atLeast: wanted, signal, log })
      if (manifest) await enter(manifest)
    },
    /** The server replaced this agent's row and the event that says so is still to come, or was missed. */
    async reload(): Promise<void> {
      const manifest = await loadManifest(api, { atLeast: 0, signal, log })
      if (!manifest || manifest.agent_id === agentId) return
      await session?.abandon()
      await enter(manifest)
    },
    async shutDown(): Promise<void> {
      await session?.shutDown()
    },
  }
}

type Bell = { ring(): void; rung(): Promise<void> }

/** Lets one loop wait for several kinds of news. It looks at them before it waits, so a ring is never lost. */
function createBell(): Bell {
  let wake: (() => void) | undefined
  return {
    ring: () => wake?.(),
    rung: () =>
      new Promise((resolve) => {
        wake = resolve
      }),
  }
}
