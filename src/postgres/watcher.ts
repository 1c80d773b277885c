import { spawn } from 'node:child_process'
import net from 'node:net'

// Reads the server's pid, then waits for the end of the pipe, which even kill -9 of this process brings about; a word
// before the end means that the server is gone already and its pid may be somebody else's.
const SCRIPT = `
read -r pid
read -r gone
if [ -n "$pid" ] && [ -z "$gone" ]; then
  kill -QUIT "$pid" 2>/dev/null
  tries=0
  while [ -e "$0/postmaster.pid" ] && [ "$tries" -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
fi
rm -rf -- "$0" "$0".log "$0".new-*
`

export type Watcher = { started: (pid: number) => void; gone: () => void }

/** A shell that stops a throw-away cluster and removes its files once this process is no more. */
export function watch(dataDir: string): Watcher {
  // detached: a Ctrl-C in the terminal must not end it before its work.
  const shell = spawn('/bin/sh', ['-c', SCRIPT, dataDir], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  shell.unref()
  const pipe = shell.stdin
  if (pipe instanceof net.Socket) pipe.unref()
  pipe.on('error', () => {}) // the shell was killed; nothing depends on it but a crash of ours
  return { started: (pid) => pipe.write(`${pid}\n`), gone: () => pipe.end('gone\n') }
}
