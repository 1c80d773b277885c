// Brings notifications of the database to the streams that this process serves. It only ever shortens a wait: every
// stream reads its row after it has subscribed, and again after a gap in listening.
import { openListener, type Listener } from '../../sql/listener.ts'
import type { Logger } from 'pino'

export const CHANNELS = { reinit: 'daybreak_reinit', workspace: 'daybreak_workspace' } as const
export type Topic = keyof typeof CHANNELS

/** Of one process; each holds a socket and a few kilobytes. */
const MAX_SUBSCRIPTIONS = 20_000

export type Wake = (id?: string) => void

export type Hub = {
  /** Calls `wake` whenever `id` was named, or may have been. Undefined when the process serves too many streams. */
  subscribe(topic: Topic, id: string, wake: Wake): (() => void) | undefined
  /** The same for every id; the one that was named comes with it, and none after a gap in listening. */
  subscribeAll(topic: Topic, wake: Wake): (() => void) | undefined
  /** Resolves when the hub closes: streams end then. */
  closing: AbortSignal
  close(): Promise<void>
}

const EVERY = '*'

export async function openHub(url: string, log: Logger): Promise<Hub> {
  const subscriptions = new Map<string, Set<Wake>>()
  const closing = new AbortController()
  let count = 0

  const wakeAll = (key: string, id?: string): void => {
    for (const wake of subscriptions.get(key) ?? []) wake(id)
  }
  const deliver = (topic: Topic) => (id: string) => {
    wakeAll(`${topic}:${id}`, id)
    wakeAll(`${topic}:${EVERY}`, id)
  }
  const subscribe: Hub['subscribe'] = (topic, id, wake) => {
    if (count >= MAX_SUBSCRIPTIONS) return undefined
    const key = `${topic}:${id}`
    const wakes = subscriptions.get(key) ?? new Set<Wake>()
    subscriptions.set(key, wakes.add(wake))
    count++
    return () => {
      if (!wakes.delete(wake)) return
      count--
      if (wakes.size === 0) subscriptions.delete(key)
    }
  }
  const listener: Listener = await openListener(url, {
    channels: { [CHANNELS.reinit]: deliver('reinit'), [CHANNELS.workspace]: deliver('workspace') },
    onConnect() {
      for (const key of subscriptions.keys()) wakeAll(key)
    },
    onError(error) {
      log.warn({ err: error }, 'the listener lost its connection to the database; it connects again')
    },
  })
  return {
    subscribe,
    subscribeAll: (topic, wake) => subscribe(topic, EVERY, wake),
    closing: closing.signal,
    async close() {
      closing.abort()
      await listener.close()
    },
  }
}
