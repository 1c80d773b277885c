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
  const args = process.platform === 'linux' ? linuxArguments(pid) : psArguments(pid)
  return args.includes('postgres') && args.includes(`-D ${dataDir} `)
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

// Small container images have no ps.
function linuxArguments(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function psArguments(pid: number): string {
  return `${spawnSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()} `
}
