import { once } from 'node:events'
import http from 'node:http'
import type { Express } from 'express'
import type { Config } from '../config.ts'
import { Refusal } from '../domain/errors.ts'

/** Requests under way get this long to end; streams end at once when the hub closes. */
const DRAIN_MS = 5_000

export type Listening = { close(): Promise<void> }

export async function listen(app: Express, { host, port }: Config['listen']): Promise<Listening> {
  const server = http.createServer(app)
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, `${host}:${port}`)
  }
  return {
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
      await closed
      clearTimeout(force)
    },
  }
}

function explain(error: NodeJS.ErrnoException, address: string): Error {
  const reason: Record<string, string> = {
    EADDRINUSE: 'another program listens there already',
    EACCES: 'this user may not open that port',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'this host name is not known',
  }
  const why = reason[error.code ?? '']
  if (!why) return error
  return new Refusal('unavailable', `Daybreak cannot listen on ${address}: ${why}.`, {
    detail: 'Choose another address with DAYBREAK_LISTEN, for example DAYBREAK_LISTEN=127.0.0.1:7081.',
    cause: error,
  })
}
