import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { notReady } from './failures.ts'
import { openLog } from './log.ts'
import { identityOf, type Owner } from './owner.ts'
import { isPostmasterOf, readPidFile } from './pidFile.ts'
import type { Watcher } from './watcher.ts'

const POLL_MS = 10

const CAREFREE = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  autovacuum: 'off',
}

export type Launch = {
  dataDir: string
  program: string
  owner: Owner | undefined
  port: number
  settings: Record<string, string | number>
  /** Present for a throw-away cluster. */
  watcher: Watcher | undefined
  /** From a left-over postmaster.pid. */
  stalePid: number | undefined
}

/** The pid of a server that takes connections, or what it wrote before it gave up. */
export async function launch(order: Launch, deadline: number): Promise<{ pid: number } | { output: string }> {
  const { dataDir, watcher } = order
  const log = openLog(`${dataDir}.log`)
  try {
    const child = spawnServer(order, log.fd)
    if (child.pid === undefined) return { output: String(await once(child, 'error')) }
    watcher?.serving(child.pid)
    let gone = false
    child.once('exit', () => {
      gone = true
      watcher?.gone()
    })
    for (; Date.now() < deadline; await sleep(POLL_MS)) {
      const state = readPidFile(dataDir)
      if (state?.pid === child.pid && state.status === 'ready') return { pid: child.pid }
      if (gone) return { output: log.sinceOpened() }
    }
    // It is left to its work: a recovery that is stopped begins anew, and the next start adopts this one.
    throw notReady(dataDir)
  } finally {
    log.close()
  }
}

/** Waits for a server that runs already; false when it went away instead. */
export async function becomesReady(dataDir: string, pid: number, deadline: number): Promise<boolean> {
  for (; Date.now() < deadline; await sleep(POLL_MS)) {
    const state = readPidFile(dataDir)
    if (state?.pid !== pid || !isPostmasterOf(pid, dataDir)) return false
    if (state.status === 'ready') return true
  }
  throw notReady(dataDir)
}

function spawnServer(order: Launch, log: number): ChildProcess {
  const { program, dataDir, owner, stalePid } = order
  const settings = {
    ...(order.watcher ? CAREFREE : {}),
    ...order.settings,
    port: order.port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '', // their path is limited to 107 bytes, and TCP is as fast
  }
  const args = ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  // A stale pid that a living process of the same user has now would stop PostgreSQL; its grandparent's it skips.
  const grandparent = stalePid ? { PG_GRANDPARENT_PID: String(stalePid) } : {}
  const child = spawn(program, args, {
    ...identityOf(owner),
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC', ...grandparent },
    stdio: ['ignore', log, log],
    detached: true, // a Ctrl-C in the terminal must reach us, and not the database below us before we have drained
  })
  child.unref()
  return child
}
