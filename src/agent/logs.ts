// Streams what one script says to the server: in order, in batches, in bounded memory whatever either of them does.
import type { AgentLogLine } from '../contract/agentApi.ts'
import type { Api } from './api.ts'
import { pause } from './backoff.ts'

const BATCH_LINES = 100
const BATCH_MS = 250
/** With lines of 1024 characters about 2 MB a script, when the server is away and the script talks on. */
const MAX_BUFFERED_LINES = 1000

export type Level = AgentLogLine['level']
export type LogSink = {
  write(level: Level, output: string): void
  /** Resolves when everything written so far was sent, or never will be. */
  flush(): Promise<void>
}

export function createLogSink(options: { api: Api; agentId: string; sourceId: string; signal: AbortSignal }): LogSink {
  const { api, agentId, sourceId, signal } = options
  let buffer: AgentLogLine[] = []
  let dropped = 0
  let closed = false
  let pumping: Promise<void> | undefined
  let flushing = false
  let waiting: AbortController | undefined

  async function send(logs: AgentLogLine[]): Promise<void> {
    const body = { log_source_id: sourceId, logs }
    const reply = await api.call({ method: 'PATCH', path: 'logs', body, agentId, signal })
    // 413: the server keeps no more of this source. Other refusals would repeat with each batch.
    if (!reply || reply.status >= 400) closed = true
  }

  function takeBatch(): AgentLogLine[] {
    const batch = buffer.slice(0, dropped ? BATCH_LINES - 1 : BATCH_LINES)
    buffer = buffer.slice(batch.length)
    if (dropped) batch.unshift(line('warn', `${dropped} lines dropped`))
    dropped = 0
    return batch
  }

  async function pump(): Promise<void> {
    while (buffer.length > 0 && !closed) {
      if (buffer.length < BATCH_LINES && !flushing) {
        waiting = new AbortController()
        await pause(BATCH_MS, waiting.signal)
      }
      await send(takeBatch())
    }
    buffer = []
    pumping = undefined
  }

  return {
    write(level, output) {
      if (closed || signal.aborted) return
      if (buffer.length >= MAX_BUFFERED_LINES) {
        buffer.shift()
        dropped += 1
      }
      buffer.push(line(level, output))
      if (buffer.length >= BATCH_LINES) waiting?.abort()
      pumping ??= pump()
    },
    async flush() {
      flushing = true
      waiting?.abort()
      await pumping
      flushing = false
    },
  }
}

function line(level: Level, output: string): AgentLogLine {
  return { created_at: new Date().toISOString(), level, output }
}
