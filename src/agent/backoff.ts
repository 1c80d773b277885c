import { setTimeout as delay } from 'node:timers/promises'

const FIRST_MS = 100
const LONGEST_MS = 10_000

export type Backoff = { next(): number; reset(): void }

/** Full jitter: after an outage a thousand agents come back spread over the whole interval, not all at its end. */
export function createBackoff(): Backoff {
  let ceiling = FIRST_MS
  return {
    next() {
      const wait = Math.random() * ceiling
      ceiling = Math.min(LONGEST_MS, ceiling * 2)
      return wait
    },
    reset() {
      ceiling = FIRST_MS
    },
  }
}

/** Ends early, without an error, when `signal` is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return
  try {
    await delay(ms, undefined, signal ? { signal } : {})
  } catch (error) {
    if (!signal?.aborted) throw error
  }
}
