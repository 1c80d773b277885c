// What /proc says about processes. Where there is no /proc (macOS) a process is known by its pid alone, and of a tree
// only the agent's own group is found: good enough to try Daybreak on a laptop, and `doctor` says so.
import { readdirSync, readFileSync } from 'node:fs'
import type { AgentProcess } from './state.ts'

export type Process = { pid: number; uid: number }

/** Changes with each boot, so that a pid from before it is never taken for one of today. */
export function currentBootId(): string {
  return read('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown'
}

export function hasProc(): boolean {
  return read('/proc/self/stat') !== undefined
}

/** Clock ticks since boot, as text; null for a process that has ended or waits to be reaped. */
export function startTimeOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`)
  // The second field, the program's name, may itself contain spaces and brackets.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (!fields || fields[0] === 'Z' || fields[0] === 'X') return null
  return fields[19] ?? null
}

export function isAlive({ pid, startTime }: AgentProcess): boolean {
  if (startTime !== null) return startTimeOf(pid) === startTime
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Everything that runs now, without zombies: they hold nothing and cannot be killed. */
export function listProcesses(): Process[] {
  if (!hasProc()) return []
  const found: Process[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    const status = read(`/proc/${pid}/status`)
    const [, state] = /^State:\s+(\S)/m.exec(status ?? '') ?? []
    const [, uid] = /^Uid:\s+(\d+)/m.exec(status ?? '') ?? []
    if (uid !== undefined && state !== 'Z' && state !== 'X') found.push({ pid, uid: Number(uid) })
  }
  return found
}

/** A variable of the environment that the process was started with; undefined also when it may not be read. */
export function startedWith(pid: number, variable: string): string | undefined {
  const environment = read(`/proc/${pid}/environ`)?.split('\0')
  return environment?.find((entry) => entry.startsWith(`${variable}=`))?.slice(variable.length + 1)
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
