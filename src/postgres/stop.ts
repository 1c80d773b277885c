import { setTimeout as sleep } from 'node:timers/promises'
import { isPostmasterOf, readPidFile, signal } from './pidFile.ts'

const FAST_MS = 10_000 // for the checkpoint of a clean shutdown; after it, the next start recovers from the log
const IMMEDIATE_MS = 10_000 // PostgreSQL itself kills its children after 5 s
const POLL_MS = 10

/** SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one. */
export async function stopPostmaster(dataDir: string, pid: number): Promise<void> {
  if (!isPostmasterOf(pid, dataDir)) return
  signal(pid, 'SIGINT')
  if (await isGone(dataDir, pid, FAST_MS)) return
  signal(pid, 'SIGQUIT')
  if (await isGone(dataDir, pid, IMMEDIATE_MS)) return
  throw new Error(`PostgreSQL (pid ${pid}) on ${dataDir} does not stop`)
}

/** Nothing of a throw-away cluster is needed again. */
export async function stopAtOnce(dataDir: string, pid: number): Promise<void> {
  if (!isPostmasterOf(pid, dataDir)) return
  signal(pid, 'SIGQUIT')
  await isGone(dataDir, pid, IMMEDIATE_MS)
}

// postmaster.pid goes last, and unlike the process it is gone for a zombie too.
async function isGone(dataDir: string, pid: number, withinMs: number): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(POLL_MS)) {
    if (readPidFile(dataDir)?.pid !== pid || !isPostmasterOf(pid, dataDir)) return true
  }
  return false
}
