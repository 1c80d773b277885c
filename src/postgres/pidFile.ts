import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

const EMPTY_MS = 5_000

export type PidFile = { pid: number; port: number; status: string }

export function readPidFile(dataDir: string): PidFile | undefined {
  let lines: string[]
  try {
    lines = fs.readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return undefined
  }
  return { pid: Number(lines[0]), port: Number(lines[3]), status: (lines[7] ?? '').trim() }
}

/** A server writes its pid at once, so a file that stays empty is what a power failure left; PostgreSQL refuses it. */
export function removeEmptyPidFile(dataDir: string, now: number): void {
  const file = path.join(dataDir, 'postmaster.pid')
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  if (stat?.size === 0 && now - stat.mtimeMs > EMPTY_MS) fs.rmSync(file, { force: true })
}

/** The pid in a left-over file may name an innocent process by now. */
export function isPostmasterOf(pid: number, dataDir: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 1 || !isAlive(pid)) return false
  return process.platform === 'linux' ? serves(linuxArguments(pid), dataDir) : psShows(pid, dataDir)
}

/** Also true for another user's process, which we may not signal. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

function serves(args: readonly string[], dataDir: string): boolean {
  const [program = ''] = args
  return path.basename(program) === 'postgres' && args.some((arg, i) => arg === '-D' && args[i + 1] === dataDir)
}

// Small container images have no ps.
function linuxArguments(pid: number): string[] {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function psShows(pid: number, dataDir: string): boolean {
  const { stdout } = spawnSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
  return `${stdout.trim()} `.includes(`/postgres -D ${dataDir} `)
}
