import { readdirSync, readFileSync } from 'node:fs'
import { pause } from './backoff.ts'

/** Fast enough that a handover is not held up by a group that went at once. */
const POLL_MS = 5

/** Asks a whole process group to end, and makes it end after `graceMs`. */
export async function endGroup(pid: number, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs
  let alive = signalGroup(pid, 'SIGTERM')
  while (alive && performance.now() < deadline) {
    await pause(POLL_MS)
    alive = signalGroup(pid, 0) && hasLiveMember(pid)
  }
  if (alive) signalGroup(pid, 'SIGKILL')
}

/** Whether the group still has a member, if only one that waits to be reaped. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch (error) {
    // EPERM: a member runs as somebody else (sudo); it exists, and is the driver's to end.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The first process of many a container reaps orphans after a second, or never: a handover must not wait for that. */
function hasLiveMember(group: number): boolean {
  let names: string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return true
  }
  return names.some((name) => /^\d/.test(name) && isLiveMember(name, group))
}

function isLiveMember(pid: string, group: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // After the program's name, which may contain anything: state, parent, group.
    const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(itsGroup) === group && state !== 'Z' && state !== 'X'
  } catch {
    return false
  }
}
