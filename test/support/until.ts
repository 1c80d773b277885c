import { setTimeout as sleep } from 'node:timers/promises'

const WITHIN_MS = 20_000 // generous: several suites share one machine
const POLL_MS = 20

/** Waits for a condition, never for a time: asks until the answer is accepted, and returns it. */
export async function until<T>(ask: () => T | Promise<T>, accept: (answer: T) => unknown = Boolean): Promise<T> {
  const deadline = Date.now() + WITHIN_MS
  for (;;) {
    const answer = await ask()
    if (accept(answer)) return answer
    if (Date.now() > deadline) throw new Error(`still not so after ${WITHIN_MS / 1000} s: ${String(ask)}`)
    await sleep(POLL_MS)
  }
}
