import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

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

/** The pid in a left-over file may name an innocent process by now. */
export function isPostmasterOf(pid: number, dataDir: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 1 || !isAlive(pid)) return false
  return process.platform === 'linux' ? serves(linuxArguments(pid), dataDir) : psShows(pid, dataDir)
}

export function isAlive(pid: number): boolean {
  return signal(pid, 0)
}

export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
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
