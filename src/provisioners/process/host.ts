import type { DriverEvents } from '../driver.ts'
import type { Locks } from './locks.ts'
import type { Paths } from './paths.ts'
import type { Runtime } from './runtime.ts'

/** What every part of the process driver knows about the machine it works on. */
export type Host = {
  paths: Paths
  /** The server as agents reach it. */
  url: string
  isRoot: boolean
  bootId: string
  /** By workspace id; and one more for the choice of a user id, or two workspaces would get the same. */
  locks: Locks
  uidRange: { base: number; count: number }
  runtime(): Promise<Runtime>
  events: DriverEvents
  log: (message: string) => void
}
