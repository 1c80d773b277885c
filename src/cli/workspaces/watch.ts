import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ApiError, type Client } from '../../contract/client.ts'
import { Workspace } from '../../contract/workspaces.ts'
import { isUnreachable } from '../explain.ts'

/** A server that restarts is back within this; a longer absence is worth an error. */
const MAX_FAILURES = 8
const RECONNECT_MS = 250
/** Servers ping every fifteen seconds: a silent connection is a dead one. */
const MAX_SILENCE_MS = 45_000

/** The workspace itself, or wrapped as other servers of this wire format send it. */
const Event = z.union([Workspace, z.object({ type: z.literal('data'), data: Workspace }).transform(({ data }) => data)])

/** The workspace now, and again after every change, until the reader has seen enough or `signal` ends it. */
export async function* watchWorkspace(
  client: Client,
  { id, signal }: { id: string; signal: AbortSignal },
): AsyncGenerator<Workspace, undefined> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    const silence = new AbortController()
    const alarm = setTimeout(() => silence.abort(), MAX_SILENCE_MS)
    try {
      const events = client.events(`/workspaces/${id}/watch`, { signal: AbortSignal.any([signal, silence.signal]) })
      for await (const { event, data } of events) {
        alarm.refresh()
        if (event === 'ping' || data.startsWith('{"type":"ping"')) continue
        failures = 0
        yield Event.parse(JSON.parse(data))
      }
    } catch (error) {
      if (signal.aborted) return
      if (failures >= MAX_FAILURES || !(silence.signal.aborted || mayPass(error))) throw error
    } finally {
      clearTimeout(alarm)
    }
    await sleep(RECONNECT_MS * (failures + 1), undefined, { signal }).catch(() => {})
  }
}

function mayPass(error: unknown): boolean {
  return isUnreachable(error) || (error instanceof ApiError && (error.status >= 500 || error.status === 429))
}
