import type { Logger } from 'pino'
import type { Pool } from '../sql/database.ts'
import type { Config } from './config.ts'
import type { Driver } from './provisioners/driver.ts'
import type { Sealer } from './seal.ts'

/** What a request or a job needs from the process it runs in; made once, passed explicitly. */
export type Context = {
  db: Pool
  config: Config
  log: Logger
  sealer: Sealer
  /** Drivers this process can run; empty in one that only serves the API. */
  drivers: ReadonlyMap<Driver['name'], Driver>
  /** The home that this process works on: workspaces of in-place drivers live with one. */
  hostId: string
  /** This process, as a row of `provisioner_daemons`. */
  processId: string
}
