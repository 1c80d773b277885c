/** Milliseconds of many runs. */
export type Sample = { count: number; meanMs: number; medianMs: number; p99Ms: number; perSecond: number }

/** Runs `work` `count` times with `clients` of them at once. */
export async function measure(
  { clients, count }: { clients: number; count: number },
  work: (client: number) => Promise<void>,
): Promise<Sample> {
  const times: number[] = []
  let left = count
  const startedMs = performance.now()
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (left > 0) {
        left--
        const begunMs = performance.now()
        await work(client)
        times.push(performance.now() - begunMs)
      }
    }),
  )
  const allMs = performance.now() - startedMs
  return { ...summarise(times), perSecond: (1000 * count) / allMs }
}

export function summarise(times: readonly number[]): Omit<Sample, 'perSecond'> {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return {
    count: sorted.length,
    meanMs: sorted.reduce((sum, ms) => sum + ms, 0) / Math.max(sorted.length, 1),
    medianMs: at(0.5),
    p99Ms: at(0.99),
  }
}

/** Aligned columns, the first to the left. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
  }
}

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`
