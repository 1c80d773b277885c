import type { LifecycleState } from '../contract/agentApi.ts'
import type { Api } from './api.ts'
import type { Log } from './log.ts'

export type Lifecycle = {
  /** Returns at once; reports arrive in the order in which they were made. */
  report(state: LifecycleState): void
  flush(): Promise<void>
}

export function createLifecycle(options: { api: Api; agentId: string; signal: AbortSignal; log: Log }): Lifecycle {
  const { api, agentId, signal, log } = options
  let last: Promise<void> = Promise.resolve()

  async function send(state: LifecycleState, changedAt: string): Promise<void> {
    const body = { state, changed_at: changedAt }
    const reply = await api.call({ method: 'POST', path: 'lifecycle', body, agentId, signal })
    if (reply && reply.status >= 400) log(`lifecycle ${state}: answered ${reply.status}`)
  }

  return {
    report(state) {
      log(`is ${state}`)
      const changedAt = new Date().toISOString()
      last = last.then(() => send(state, changedAt))
    },
    flush: () => last,
  }
}
