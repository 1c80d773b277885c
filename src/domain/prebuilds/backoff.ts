export type Failures = {
  presetId: string
  failuresInARow: number
  /** When the last failed build ended; measured from its start, a slow build would never wait. */
  lastFailureAt: Date
  baseMs: number
  /** The longest wait, e.g. half an hour: a mended preset recovers within it without anybody's help. */
  capMs: number
}

/** The wait doubles with each failure up to the cap; presets that failed together do not retry together. */
export function backoffEnd({ presetId, failuresInARow, lastFailureAt, baseMs, capMs }: Failures): Date {
  if (failuresInARow < 1) return lastFailureAt
  const longestMs = Math.min(baseMs * 2 ** (failuresInARow - 1), capMs)
  // At least half of it is waited: spread from zero, an unlucky seed would retry at once, and again after each restart.
  const share = 0.5 + 0.5 * hashToUnit(`${presetId}:${failuresInARow}`)
  return new Date(lastFailureAt.getTime() + Math.round(longestMs * share))
}

/** FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/) as a fraction in [0, 1): the same text, the same wait. */
function hashToUnit(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0) / 2 ** 32
}
