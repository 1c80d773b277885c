// Learns at once when an agent that this process started ends, and within a second when it was adopted.
import type { ChildProcess } from 'node:child_process'
import { isAlive } from './processes.ts'
import type { AgentProcess } from './state.ts'

const POLL_MS = 1_000

export type Watcher = {
  watch(key: string, agent: AgentProcess, child?: ChildProcess): void
  isWatching(key: string): boolean
  forget(key: string): void
  close(): void
}

export function createWatcher(onExit: (key: string, reason: string) => void): Watcher {
  const watched = new Map<string, AgentProcess>()
  const poll = setInterval(() => {
    for (const [key, agent] of watched) if (!isAlive(agent)) ended(key, agent, 'ended while nobody was its parent')
  }, POLL_MS)
  poll.unref()

  function ended(key: string, agent: AgentProcess, reason: string): void {
    // Another process of the same agent may be watched by now.
    if (watched.get(key) !== agent) return
    watched.delete(key)
    onExit(key, reason)
  }

  return {
    watch(key, agent, child) {
      watched.set(key, agent)
      // An exit before this line is found by the poll.
      child?.once('exit', (code, signal) =>
        ended(key, agent, signal ? `was ended by ${signal}` : `ended with exit code ${code}`),
      )
    },
    isWatching: (key) => watched.has(key),
    forget: (key) => watched.delete(key),
    close() {
      clearInterval(poll)
      watched.clear()
    },
  }
}
