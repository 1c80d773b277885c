import { serveWorkspace } from './agent.ts'
import { readConfig } from './config.ts'
import { createLog } from './log.ts'

const log = createLog()
const stop = new AbortController()

function onSignal(): void {
  if (stop.signal.aborted) process.exit(1)
  stop.abort()
}

process.on('SIGTERM', onSignal)
process.on('SIGINT', onSignal)
// What scripts create is for the workspace's user alone, whatever the worker's own mask was.
process.umask(0o077)

await serveWorkspace({ config: readConfig(), log, signal: stop.signal })
process.exit(0)
