import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'

// The last line names the server, an empty one says that there is none; the end of the pipe is the end of its owner.
const SCRIPT = `
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -QUIT "$pid" 2>/dev/null
  tries=0
  while [ -e "$0/postmaster.pid" ] && [ "$tries" -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
fi
for try in 1 2 3 4 5; do rm -rf -- "$0" "$0".log "$0".new-* && break; sleep 0.2; done
`

export type Watcher = {
  serving: (pid: number) => void
  /** Said as soon as it is known, since the pid may soon be somebody else's. */
  gone: () => void
  cleanUp: () => Promise<void>
}

/** A shell on a pipe that even kill -9 of this process closes: it stops a throw-away cluster and removes its files. */
export function watch(dataDir: string): Watcher {
  // detached: a Ctrl-C in the terminal must not end it before its work.
  const shell = spawn('/bin/sh', ['-c', SCRIPT, dataDir], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  const pipe = shell.stdin
  shell.unref()
  if (pipe instanceof net.Socket) pipe.unref()
  pipe.on('error', () => {}) // somebody killed the shell: nothing is lost unless we are killed too
  return {
    serving: (pid) => pipe.write(`${pid}\n`),
    gone: () => pipe.write('\n'),
    cleanUp: async () => {
      pipe.end()
      if (shell.exitCode !== null || shell.signalCode !== null) return
      shell.ref()
      await once(shell, 'exit')
    },
  }
}
