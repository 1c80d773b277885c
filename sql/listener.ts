// LISTEN needs a connection of its own, and must come back by itself: notifications only ever shorten a wait.
import pg from 'pg'

/** Between two attempts to listen again; the alarm's poll covers what is missed meanwhile. */
const RECONNECT_MS = 1_000

export type Listener = { close(): Promise<void> }
export type ListenerOptions = {
  channels: Readonly<Record<string, (payload: string) => void>>
  /** After every (re)connection: what was missed must be read from the tables. */
  onConnect?(): void
  onError?(error: Error): void
}

/** Calls the handler of a channel for each notification, until closed. */
export async function openListener(url: string, options: ListenerOptions): Promise<Listener> {
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const connect = async (): Promise<void> => {
    const next = new pg.Client({ connectionString: url, application_name: 'daybreak listener', keepAlive: true })
    const lost = (error?: Error): void => {
      if (client !== next || closed) return
      client = undefined
      if (error) options.onError?.(error)
      next.end().catch(() => {}) // it is broken already
      timer = setTimeout(retry, RECONNECT_MS)
    }
    next.on('error', lost)
    next.on('end', () => lost())
    next.on('notification', ({ channel, payload = '' }) => options.channels[channel]?.(payload))
    await next.connect()
    for (const channel of Object.keys(options.channels)) await next.query(`listen ${next.escapeIdentifier(channel)}`)
    client = next
    options.onConnect?.()
  }
  const retry = (): void => {
    connect().catch((error: unknown) => {
      options.onError?.(error as Error)
      if (!closed) timer = setTimeout(retry, RECONNECT_MS)
    })
  }

  await connect()
  return {
    async close() {
      closed = true
      clearTimeout(timer)
      await client?.end()
    },
  }
}
