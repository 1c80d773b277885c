import type { Api } from './api.ts'
import { pause } from './backoff.ts'

/** A third of the silence after which the server calls an agent disconnected. */
const PERIOD_MS = 15_000

export async function keepBeating(options: { api: Api; agentId: string; signal: AbortSignal }): Promise<void> {
  const { api, agentId, signal } = options
  while (!signal.aborted) {
    await api.call({ method: 'POST', path: 'heartbeat', body: {}, agentId, signal })
    await pause(PERIOD_MS, signal)
  }
}
