import { pause } from './backoff.ts'

/** Fast enough that a handover is not held up by a group that went at once. */
const POLL_MS = 5

/** Asks a whole process group to end, and makes it end after `graceMs`. */
export async function endGroup(pid: number, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs
  let alive = signalGroup(pid, 'SIGTERM')
  while (alive && performance.now() < deadline) {
    await pause(POLL_MS)
    alive = signalGroup(pid, 0)
  }
  if (alive) signalGroup(pid, 'SIGKILL')
}

/** Whether the group still has a member. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch (error) {
    // EPERM: a member runs as somebody else (sudo); it exists, and is the driver's to end.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
