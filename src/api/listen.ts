import { once } from 'node:events'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Express } from 'express'
import type { Config } from '../config.ts'
import { Refusal } from '../domain/errors.ts'

/** Requests under way get this long to end; streams end at once when the hub closes. */
const DRAIN_MS = 5_000
/** A connection is closed so soon after its last answer: kept alive, it would hold up the stop. */
const SWEEP_MS = 20

export type Listening = {
  /** Says to load balancers and clients that this server stops; resolves when they had time to hear it. */
  drain(): Promise<void>
  close(): Promise<void>
}

export async function listen(
  app: Express,
  { listen: { host, port }, drainMs }: Pick<Config, 'listen' | 'drainMs'>,
): Promise<Listening> {
  const server = http.createServer(app)
  // Before the app answers: the client then opens its next connection elsewhere.
  server.prependListener('request', (_request, response) => {
    if (app.locals.draining === true) response.setHeader('Connection', 'close')
  })
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, `${host}:${port}`)
  }
  return {
    async drain() {
      app.locals.draining = true
      await sleep(drainMs)
    },
    async close() {
      app.locals.draining = true
      const closed = once(server, 'close')
      server.close()
      // Again and again: a stream that has just ended leaves its connection idle a moment later.
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
      const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
      await closed
      clearInterval(sweep)
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
