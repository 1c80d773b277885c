import type { PrebuildPool } from '../contract/prebuilds.ts'

export type PoolLine = { preset: string; level: 'info' | 'warn'; text: string }

/** Remembers how pools were, and says which became full or stopped being made since. */
export function trackPools(): (pools: readonly PrebuildPool[]) => PoolLine[] {
  const said = new Map<string, string>()
  return (pools) =>
    pools.flatMap((pool) => {
      const text = poolWords(pool)
      if (said.get(pool.preset_id) === text) return []
      said.set(pool.preset_id, text)
      return text === '' ? [] : { preset: pool.preset_name, level: pool.hold === null ? 'info' : 'warn', text }
    })
}

/** Empty while it fills: its prebuilds speak for themselves. */
function poolWords({ ready, desired, starting, hold, failed }: PrebuildPool): string {
  if (hold !== null) return `pool on hold (${hold}): ${ready} of ${desired} ready, ${failed} failed`
  return ready === desired && starting === 0 ? `pool full: ${ready} of ${desired} ready` : ''
}
