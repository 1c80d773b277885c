// Puts one process together: the API, the worker, or both, on a migrated database.
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { openDatabase } from '../sql/database.ts'
import { collectAnnouncements } from './api/announcements.ts'
import { listen, type Listening } from './api/listen.ts'
import { createApp } from './api/app.ts'
import { type Hub, openHub } from './api/hub.ts'
import type { Config } from './config.ts'
import type { Context } from './context.ts'
import { createDrivers } from './drivers.ts'
import { makeFolders } from './postgres/folders.ts'
import { readHostId } from './home.ts'
import { createSealer } from './seal.ts'
import { doubtHost, startWorker, type Worker } from './worker.ts'

export type Role = 'all' | 'api' | 'worker'

export type ServerOptions = {
  config: Config
  role: Role
  databaseUrl: string
  /** For LISTEN and workers, which a pooler in transaction mode would break. */
  directUrl: string
  /** What this process owns on disk; an API alone needs none. */
  home: string
  secretKeys: readonly string[]
  log: Logger
  onFatal(error: unknown): void
}

export type Server = {
  context: Context
  hub: Hub
  /** The address it listens on; null for a worker alone. */
  url: string | null
  stop(options: { workspaces: 'leave' | 'stop' }): Promise<void>
}

export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, role, log, directUrl } = options
  const context = await createContext(options)
  const hub = await openHub(directUrl, log)
  const announcements = collectAnnouncements(context)
  let api: Listening | undefined
  let worker: Worker | undefined
  const stop: Server['stop'] = async (how) => {
    await api?.drain()
    // The worker first: agents that are stopped still report their last words to the API.
    await worker?.stop(how)
    await hub.close()
    await api?.close()
    await announcements.close()
    await context.db.end()
  }
  try {
    if (role !== 'api') await doubtHost(context)
    if (role !== 'worker') api = await listen(createApp({ ...context, hub, announcements }), config)
    if (role !== 'api') worker = await startWorker(context, { directUrl, onFatal: options.onFatal })
  } catch (error) {
    await stop({ workspaces: 'leave' })
    throw error
  }
  return { context, hub, url: api ? config.accessUrl : null, stop }
}

async function createContext({ config, role, databaseUrl, home, secretKeys, log }: ServerOptions): Promise<Context> {
  const works = role !== 'api'
  if (works) makeFolders(home)
  const context: Context = {
    db: await openDatabase(databaseUrl, { maxPoolSize: config.databasePoolSize, prepared: config.prepared }),
    config,
    log,
    sealer: createSealer(secretKeys),
    drivers: new Map(),
    hostId: works ? readHostId(home) : '',
    processId: randomUUID(),
  }
  return works ? Object.assign(context, { drivers: createDrivers(home, () => context) }) : context
}
