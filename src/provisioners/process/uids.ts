import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Paths } from './paths.ts'
import { listProcesses } from './processes.ts'
import { listStates, namesIn } from './state.ts'

/** The lowest user id that nobody has: no workspace, running or stopped, no account of this host, no process. */
export async function freeUid(paths: Paths, range: { base: number; count: number }): Promise<number> {
  const taken = new Set([...accounts(), ...listProcesses().map(({ uid }) => uid)])
  for (const { uid } of await listStates(paths)) if (uid !== null) taken.add(uid)
  // A directory whose state was lost keeps its user id, or the next workspace could read it.
  for (const name of await namesIn(paths.workspaces)) {
    const found = await stat(join(paths.workspaces, name)).catch(() => undefined)
    if (found) taken.add(found.uid)
  }
  for (let uid = range.base; uid < range.base + range.count; uid++) if (!taken.has(uid)) return uid
  throw new Error(`all ${range.count} user ids from ${range.base} are in use`)
}

function accounts(): number[] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => Number(line.split(':')[2]))
  } catch {
    return []
  }
}
