// Runs the PostgreSQL that npm ships: makes the data folder on first use, starts a server or adopts the one that runs.
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Binaries, findBinaries } from './binaries.ts'
import { assertUsable, isUnused, placeOf } from './dataFolder.ts'
import { asRefusal, failedStart } from './failures.ts'
import { initialise, PASSWORD_FILE } from './initialise.ts'
import { becomesReady, launch } from './launch.ts'
import { type Owner, pickOwner } from './owner.ts'
import { isPostmasterOf, readPidFile, removeEmptyPidFile } from './pidFile.ts'
import { choosePort, readPort, storePort } from './ports.ts'
import { stopAtOnce, stopPostmaster } from './stop.ts'
import { type Watcher, watch } from './watcher.ts'

const READY_MS = 60_000 // recovery after a crash takes seconds; nobody waits longer without asking what is going on
const ATTEMPTS = 20 // each lost to another process that starts or stops the same folder, or to a port just taken
const HELD = /lock file "postmaster.pid" (already exists|is empty)|shared memory block .* still in use/
const MAX_PAUSE_MS = 1_000

export type PostgresOptions = {
  dataDir: string
  /** Where a readable copy of the binaries goes when PostgreSQL's user cannot reach node_modules. */
  binariesDir: string
  port?: number
  /** A throw-away cluster in a new folder: no fsync, and server and files go with this process. */
  ephemeral?: boolean
  settings?: Record<string, string | number>
}

export type Postgres = {
  url: (database?: string) => string
  port: number
  pid: number
  /** It ran already, with the port and settings of its own start. */
  adopted: boolean
  stop: () => Promise<void>
}

type Cluster = {
  dataDir: string
  owner: Owner | undefined
  binaries: Binaries
  options: PostgresOptions
  watcher: Watcher | undefined
}

type Running = Pick<Postgres, 'pid' | 'port' | 'adopted'>

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  try {
    const dataDir = placeOf(options.dataDir)
    if (options.ephemeral && !isUnused(dataDir))
      throw new Error(`${dataDir} is in use, and would not outlive this process`)
    const owner = pickOwner(dataDir)
    const binaries = findBinaries(options.binariesDir, owner)
    const watcher = options.ephemeral ? watch(dataDir) : undefined
    return await start({ dataDir, owner, binaries, options, watcher })
  } catch (error) {
    throw asRefusal(error, options.dataDir)
  }
}

async function start(cluster: Cluster): Promise<Postgres> {
  const { dataDir, owner, binaries, watcher } = cluster
  try {
    if (isUnused(dataDir)) await initialise({ dataDir, initdb: binaries.initdb, owner, sync: !watcher })
    assertUsable(dataDir, binaries.major, owner)
    const password = fs.readFileSync(path.join(dataDir, PASSWORD_FILE), 'utf8')
    const running = await startOrAdopt(cluster, Date.now() + READY_MS)
    return {
      ...running,
      url: (database = 'postgres') => `postgres://postgres:${password}@127.0.0.1:${running.port}/${database}`,
      stop: () => stop(cluster, running.pid),
    }
  } catch (error) {
    await watcher?.cleanUp()
    throw error
  }
}

async function startOrAdopt(cluster: Cluster, deadline: number): Promise<Running> {
  const { dataDir } = cluster
  const taken = new Set<number>()
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    removeEmptyPidFile(dataDir, Date.now())
    const found = readPidFile(dataDir)
    if (found && isPostmasterOf(found.pid, dataDir)) {
      if (await becomesReady(dataDir, found.pid, deadline)) return { pid: found.pid, port: found.port, adopted: true }
    } else {
      const running = await startOnce(cluster, { taken, stalePid: found?.pid, deadline, last: attempt === ATTEMPTS })
      if (running) return running
    }
    await sleep(Math.min(MAX_PAUSE_MS, 100 * attempt))
  }
  throw new Error(`PostgreSQL on ${dataDir} stopped in each of ${ATTEMPTS} attempts to use it`)
}

type Attempt = { taken: Set<number>; stalePid: number | undefined; deadline: number; last: boolean }

/** Undefined when another attempt may do better. */
async function startOnce(cluster: Cluster, attempt: Attempt): Promise<Running | undefined> {
  const { dataDir, owner, binaries, options, watcher } = cluster
  const portFile = `${dataDir}.port`
  const stored = watcher ? undefined : readPort(portFile)
  const port = options.port ?? (await choosePort(stored, attempt.taken))
  const order = { dataDir, program: binaries.postgres, owner, port, settings: options.settings ?? {}, watcher }
  const outcome = await launch({ ...order, stalePid: attempt.stalePid }, attempt.deadline)
  if ('pid' in outcome) {
    if (!watcher && options.port === undefined && stored !== port) storePort(portFile, port)
    return { pid: outcome.pid, port, adopted: false }
  }
  const portLost = options.port === undefined && outcome.output.includes('Address already in use')
  if (portLost) attempt.taken.add(port)
  const folderHeld = HELD.test(outcome.output)
  if (attempt.last || !(portLost || folderHeld)) throw failedStart(outcome.output, dataDir, port)
  return undefined
}

async function stop({ dataDir, watcher }: Cluster, pid: number): Promise<void> {
  if (!watcher) return stopPostmaster(dataDir, pid)
  await stopAtOnce(dataDir, pid)
  watcher.gone()
  await watcher.cleanUp()
}
