/** As the wire has it: RFC 3339, UTC. */
export const iso = (at: Date): string => at.toISOString()
export const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null

/** `{ name: time }` where there is one: times that were never set are left out. */
export function timeIf<Name extends string>(name: Name, at: Date | null): Partial<Record<Name, string>> {
  return at === null ? {} : ({ [name]: iso(at) } as Record<Name, string>)
}
