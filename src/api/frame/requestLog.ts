// One line per request. Never the URL, which may hold a token, nor any header: the pattern of the route says enough.
import type { Request, RequestHandler, Response } from 'express'
import type { Logger } from 'pino'

const API = '/api/v2'
/** Asked all the time by machines: a line for each would bury the others. */
const MACHINES = /^\/(healthz|readyz|api\/v2\/workspaceagents\/me\/(heartbeat|logs))$/

export function logRequests(log: Logger): RequestHandler {
  return (request, response, next) => {
    const startedMs = performance.now()
    response.once('close', () => {
      const { level, line } = describe(request, response, performance.now() - startedMs)
      log[level](line, `${line.method} ${line.route} ${line.status}`)
    })
    next()
  }
}

type Level = 'debug' | 'info' | 'warn' | 'error'

function describe(request: Request, response: Response, ms: number) {
  const { requestId, actorId, agentId } = response.locals as Record<string, string | undefined>
  const route = routeOf(request)
  const status = response.statusCode
  const line = {
    method: request.method,
    route,
    status,
    ms: Math.round(ms * 10) / 10,
    requestId,
    ...(actorId === undefined ? {} : { actorId }),
    ...(agentId === undefined ? {} : { agentId }),
    // The client went before the answer was complete: usual for streams.
    ...(response.writableFinished ? {} : { aborted: true }),
  }
  return { level: levelOf(status, route), line }
}

function levelOf(status: number, route: string): Level {
  if (status === 429 || status === 503) return 'warn'
  if (status >= 500) return 'error'
  return status < 400 && MACHINES.test(route) ? 'debug' : 'info'
}

/** While an error travels outwards, Express forgets where the router was mounted. */
function routeOf({ route, originalUrl }: Request): string {
  const pattern = (route as { path?: string | RegExp } | undefined)?.path
  if (typeof pattern !== 'string') return 'unmatched'
  const base = originalUrl.startsWith(`${API}/`) ? API : ''
  return base + pattern
}
