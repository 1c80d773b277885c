// Runs the PostgreSQL that npm ships: makes the data folder on first use, starts a server or adopts the one that runs.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Binaries, findBinaries } from './binaries.ts'
import { makeFolders } from './binariesCopy.ts'
import { assertUsable, isUnused } from './dataFolder.ts'
import { asRefusal, failedStart, unavailable } from './failures.ts'
import { initialise, PASSWORD_FILE } from './initialise.ts'
import { openLog } from './log.ts'
import { identityOf, type Owner, pickOwner } from './owner.ts'
import { isPostmasterOf, readPidFile } from './pidFile.ts'
import { choosePort, readPort, storePort } from './ports.ts'
import { stopAtOnce, stopPostmaster } from './stop.ts'
import { type Watcher, watch } from './watcher.ts'

const READY_MS = 60_000 // recovery after a crash is seconds; a start that takes longer is not one that a person waits for
const ATTEMPTS = 20 // each lost to another process that starts or stops the same folder, or to a port just taken
const POLL_MS = 10
const PAUSE_MS = 100

export type PostgresOptions = {
  dataDir: string
  /** Where a readable copy of the binaries goes when PostgreSQL's user cannot reach node_modules. */
  binariesDir: string
  port?: number
  /** A throw-away cluster: no fsync, and server and files go with this process. */
  ephemeral?: boolean
  settings?: Record<string, string | number>
}

export type Postgres = {
  url: (database?: string) => string
  port: number
  pid: number
  /** It ran already; its settings are those of its own start. */
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

type Running = { pid: number; port: number; adopted: boolean }

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  try {
    const cluster = await prepare(options)
    const password = fs.readFileSync(path.join(cluster.dataDir, PASSWORD_FILE), 'utf8')
    const running = await startOrAdopt(cluster)
    return describe(cluster, running, password)
  } catch (error) {
    throw asRefusal(error, options.dataDir)
  }
}

async function prepare(options: PostgresOptions): Promise<Cluster> {
  const parent = path.dirname(path.resolve(options.dataDir))
  makeFolders(parent)
  // One name for one folder: a running server is recognised by the name it was started with.
  const dataDir = path.join(fs.realpathSync(parent), path.basename(options.dataDir))
  const owner = pickOwner(dataDir)
  const binaries = findBinaries(options.binariesDir, owner)
  if (options.ephemeral && !isUnused(dataDir))
    throw new Error(`${dataDir} exists; a throw-away cluster needs a new folder`)
  const watcher = options.ephemeral ? watch(dataDir) : undefined
  if (isUnused(dataDir)) await initialise({ dataDir, initdb: binaries.initdb, owner, sync: !options.ephemeral })
  assertUsable(dataDir, binaries.major, owner)
  return { dataDir, owner, binaries, options, watcher }
}

async function startOrAdopt(cluster: Cluster): Promise<Running> {
  const { dataDir, options } = cluster
  const portFile = `${dataDir}.port`
  const taken = new Set<number>()
  const deadline = Date.now() + READY_MS
  for (let attempt = 1; ; attempt++) {
    const found = readPidFile(dataDir)
    if (found && isPostmasterOf(found.pid, dataDir)) {
      if (await becomesReady(dataDir, found.pid, deadline)) return { pid: found.pid, port: found.port, adopted: true }
    } else {
      const stored = options.ephemeral ? undefined : readPort(portFile)
      const port = options.port ?? (await choosePort(stored, taken))
      const outcome = await launch(cluster, port, found?.pid, deadline)
      if ('pid' in outcome) {
        if (!options.ephemeral && !options.port && stored !== port) storePort(portFile, port)
        return { pid: outcome.pid, port, adopted: false }
      }
      const portLost = options.port === undefined && outcome.output.includes('Address already in use')
      if (portLost) taken.add(port)
      const retry = portLost || isHeldByAnother(outcome.output)
      if (!retry || attempt >= ATTEMPTS) throw failedStart(outcome.output, dataDir, port)
    }
    if (attempt >= ATTEMPTS)
      throw new Error(`PostgreSQL on ${dataDir} kept stopping in ${ATTEMPTS} attempts to start it`)
    await sleep(PAUSE_MS)
  }
}

/** False when it went away instead. */
async function becomesReady(dataDir: string, pid: number, deadline: number): Promise<boolean> {
  for (; Date.now() < deadline; await sleep(POLL_MS)) {
    const state = readPidFile(dataDir)
    if (state?.pid !== pid || !isPostmasterOf(pid, dataDir)) return false
    if (state.status === 'ready') return true
  }
  throw notReady(dataDir)
}

function isHeldByAnother(output: string): boolean {
  return /lock file "postmaster.pid" already exists|shared memory block .* still in use/.test(output)
}

async function launch(
  cluster: Cluster,
  port: number,
  stalePid: number | undefined,
  deadline: number,
): Promise<{ pid: number } | { output: string }> {
  const { dataDir, owner, binaries, watcher } = cluster
  const log = openLog(`${dataDir}.log`)
  try {
    // A stale pid that a living process of the same user has now would stop PostgreSQL; its grandparent's it skips.
    const env = { LC_ALL: 'C', TZ: 'UTC', ...(stalePid ? { PG_GRANDPARENT_PID: String(stalePid) } : {}) }
    // detached: a Ctrl-C in the terminal must reach us, and not the database below us before we have drained.
    const child = spawn(binaries.postgres, argumentsFor(cluster, port), {
      ...identityOf(owner),
      cwd: '/',
      env,
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    })
    child.unref()
    const { pid } = child
    if (pid === undefined)
      return { output: await new Promise((resolve) => child.once('error', (e) => resolve(e.message))) }
    watcher?.started(pid)
    let gone = false
    child.once('exit', () => {
      gone = true
    })
    for (; Date.now() < deadline; await sleep(POLL_MS)) {
      const state = readPidFile(dataDir)
      if (state?.pid === pid && state.status === 'ready') return { pid }
      if (gone) return { output: log.sinceOpened() }
    }
    // It is left to its work: a recovery that is stopped begins anew, and the next start adopts this one.
    throw notReady(dataDir)
  } finally {
    log.close()
  }
}

function argumentsFor({ dataDir, options }: Cluster, port: number): string[] {
  const carefree = {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    wal_level: 'minimal',
    max_wal_senders: 0,
    autovacuum: 'off',
  }
  const settings = {
    ...(options.ephemeral ? carefree : {}),
    ...options.settings,
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '', // their path is limited to 107 bytes, and TCP is as fast
  }
  return ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

function notReady(dataDir: string): Error {
  return unavailable(
    `PostgreSQL on ${dataDir} is not ready after ${READY_MS / 1000} s, perhaps still recovering from a crash: ` +
      `see ${dataDir}.log, and start again to wait further`,
  )
}

function describe({ dataDir, watcher }: Cluster, { pid, port, adopted }: Running, password: string): Postgres {
  const stop = async () => {
    if (!watcher) return stopPostmaster(dataDir, pid)
    await stopAtOnce(dataDir, pid)
    watcher.gone()
  }
  return {
    pid,
    port,
    adopted,
    url: (database = 'postgres') => `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    stop,
  }
}
