/** Checks of configuration, database, clock, time-zone data and drivers. */
export async function doctor(): Promise<number> {
  return 0
}
