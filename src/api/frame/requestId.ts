import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import { inRequest } from '../../log.ts'

export const REQUEST_ID_HEADER = 'X-Request-Id'

/** What proxies and programs make: anything else could break a log line or a header. */
const SANE = /^[A-Za-z0-9][A-Za-z0-9._:+/=-]{7,127}$/

/** One id from the client's log through ours to the audit log; its own if it is sane, else a new one. */
export const giveRequestId: RequestHandler = (request, response, next) => {
  const given = request.get(REQUEST_ID_HEADER)
  const id = given !== undefined && SANE.test(given) ? given : randomUUID()
  response.locals.requestId = id
  response.setHeader(REQUEST_ID_HEADER, id)
  inRequest(id, next)
}
