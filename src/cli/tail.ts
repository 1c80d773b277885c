import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_PAUSE_MS = 150
const LONGEST_PAUSE_MS = 1000

export type Tail<Line> = {
  read: (after: number) => Promise<readonly Line[]>
  each: (line: Line) => void
  /** Asked before each reading, so that the last reading comes after the end. */
  isOver: () => boolean | Promise<boolean>
  /** Ends a pause early. */
  wake?: AbortSignal
  signal?: AbortSignal
}

/** Reads a log while it grows: each line once, in order, the last ones after its end. */
export async function tail<Line extends { id: number }>({
  read,
  each,
  isOver,
  wake,
  signal,
}: Tail<Line>): Promise<void> {
  let after = 0
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.3, LONGEST_PAUSE_MS)) {
    const over = await isOver()
    for (;;) {
      const lines = await read(after)
      for (const line of lines) {
        each(line)
        after = Math.max(after, line.id)
        pause = FIRST_PAUSE_MS
      }
      if (lines.length === 0) break
    }
    if (over) return
    signal?.throwIfAborted()
    const signals = [wake, signal].filter((one) => one !== undefined)
    await sleep(pause, undefined, { signal: AbortSignal.any(signals) }).catch(() => {})
  }
}
