export type ManifestPath = (string | number)[]

export type Finding = {
  path: ManifestPath
  message: string
  /** Where within the text at `path`, in characters from 0. */
  offset?: number
}

const MAX_QUOTED = 40

/** Values are the template's own and may be long; a message shows enough of one to find it. */
export function quote(value: string): string {
  return JSON.stringify(value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}…` : value)
}

/** One finding for each name that an earlier item of the list has; `same` says when two names are one. */
export function findRepeated(
  names: readonly { name: string; path: ManifestPath }[],
  { what, same = (name) => name }: { what: string; same?: (name: string) => string },
): Finding[] {
  const seen = new Map<string, string>()
  return names.flatMap(({ name, path }) => {
    const earlier = seen.get(same(name))
    if (earlier === undefined) {
      seen.set(same(name), name)
      return []
    }
    const other = earlier === name ? '' : ` (as ${quote(earlier)})`
    return [{ path, message: `the ${what} ${quote(name)} is declared twice${other}; rename or remove one` }]
  })
}
