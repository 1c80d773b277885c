export type Log = (message: string) => void

/** The agent's own log is a file on the worker's host; a server that misbehaves for days must not fill the disk. */
const MAX_BYTES = 1024 * 1024

export function createLog(): Log {
  let left = MAX_BYTES
  return (message) => {
    const line = `${new Date().toISOString()} ${message}\n`
    if (left <= 0) return
    left -= Buffer.byteLength(line)
    process.stderr.write(left > 0 ? line : 'log is full: nothing more is written until the agent starts again\n')
  }
}
